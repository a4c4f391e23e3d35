import fc from "fast-check";
import { expect, test } from "vitest";
import { CLIPPED, Ears, SILENCE_MS, hear, verdicts } from "./levels";
import { wav } from "./wav";

const RATE = 48_000;

/** Noise and, from `from` to `to` seconds, a tone: what a microphone hears of a word. */
function heardAs(seconds: number, { from = 0.5, to = 1, tone = 0.2, room = 0.0005 } = {}): Float32Array {
  let seed = 7;
  const noise = () => ((seed = (seed * 16807) % 2147483647) / 2147483647) * 2 - 1;
  return Float32Array.from({ length: Math.round(seconds * RATE) }, (_, i) => {
    const speaks = i >= from * RATE && i < to * RATE;
    return room * noise() + (speaks ? tone * Math.sin((2 * Math.PI * 300 * i) / RATE) : 0);
  });
}

const kinds = (samples: Float32Array) => verdicts(hear(samples, RATE), RATE).map(({ kind }) => kind);
const texts = (samples: Float32Array) =>
  verdicts(hear(samples, RATE), RATE)
    .map(({ text }) => text)
    .join("; ");

test("a word is found with a margin on both sides", () => {
  const { start, end, from, to } = hear(heardAs(2), RATE);
  expect(start / RATE).toBeCloseTo(0.5, 1);
  expect(end / RATE).toBeCloseTo(1, 1);
  expect((start - from) / RATE).toBeCloseTo(0.25, 3);
  expect((to - end) / RATE).toBeCloseTo(0.25, 3);
});

test("a good recording has three good verdicts", () => {
  expect(kinds(heardAs(2))).toEqual(["good", "good", "good"]);
  expect(texts(heardAs(2))).toContain("0.5 s");
});

test.each([
  ["silence", heardAs(2, { tone: 0 }), "Nothing was heard"],
  ["no sound at all", new Float32Array(2 * RATE), "Nothing was heard"],
  ["nothing", new Float32Array(0), "Nothing was heard"],
  ["a shout", heardAs(2, { tone: 1.4 }).map((one) => Math.max(-1, Math.min(1, one))), "Too loud"],
  ["a whisper", heardAs(2, { tone: 0.012, room: 0.0002 }), "Too quiet"],
  ["a noisy room", heardAs(2, { tone: 0.2, room: 0.02 }), "Noisy room"],
  ["a click", heardAs(2, { to: 0.52 }), "Too short"],
  ["a late start", heardAs(2, { from: 0 }), "start is cut"],
  ["an early stop", heardAs(1, { to: 1 }), "end is cut"],
])("%s is said at once", (_, samples, said) => {
  expect(texts(samples)).toContain(said);
});

test("whatever is heard, what is kept lies inside of it", () => {
  fc.assert(
    fc.property(fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { maxLength: 4000 }), (samples) => {
      const found = hear(Float32Array.from(samples), 8000);
      expect(found.from).toBeGreaterThanOrEqual(0);
      expect(found.from).toBeLessThanOrEqual(found.start);
      expect(found.end).toBeLessThanOrEqual(samples.length);
      expect(found.to).toBeLessThanOrEqual(samples.length);
    }),
    { numRuns: 50 },
  );
});

test("a recording stops by itself after the word, and not in its pauses", () => {
  const ears = new Ears([-70, -71, -70]);
  const blocks = (db: number, ms: number) => Array.from({ length: ms / 20 }, () => ears.hear(db, 20));
  expect(blocks(-70, 1000)).not.toContain(true);
  expect(blocks(-20, 400)).not.toContain(true);
  expect(blocks(-70, 600)).not.toContain(true);
  expect(blocks(-20, 300)).not.toContain(true);
  expect(blocks(-70, SILENCE_MS - 40)).not.toContain(true);
  expect(blocks(-70, 100)).toContain(true);
});

test("a recording of nothing ends, too", () => {
  const ears = new Ears([]);
  expect(Array.from({ length: 400 }, () => ears.hear(-70, 20))).toContain(true);
});

test("a WAV has its samples, and full scale does not wrap around", () => {
  const file = new DataView(wav(Float32Array.from([0, 1, -1, 2, -2, CLIPPED]), RATE));
  expect(file.getUint32(40, true)).toBe(12);
  expect(file.getUint32(24, true)).toBe(RATE);
  expect([0, 1, 2, 3, 4].map((i) => file.getInt16(44 + 2 * i, true))).toEqual([0, 32767, -32767, 32767, -32767]);
});
