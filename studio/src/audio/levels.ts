/** What is heard in samples: where the speech is, how loud it is, and what is poor about it. Levels are in dB of full scale. */

/** One window: short enough for the edges of a word. */
export const WINDOW_MS = 10;
/** Speech is this much louder than the room; in a silent room it is above `LEAST_DB`. */
const OVER_NOISE_DB = 12;
const LEAST_DB = -50;
/** A room can be no louder than this and still be told from speech. */
const LOUDEST_ROOM_DB = -30;
/** What is kept on both sides of the speech. */
export const MARGIN_MS = 250;
/** The recording stops by itself after this silence. */
export const SILENCE_MS = 900;
const SHORTEST_SPEECH_MS = 60;

export const CLIPPED = 0.985;

const decibels = (value: number) => 20 * Math.log10(Math.max(value, 1e-5));

/** The level of samples, as the root of their mean square. */
export function level(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return decibels(Math.sqrt(sum / Math.max(1, samples.length)));
}

export function peak(samples: Float32Array): number {
  let most = 0;
  for (const sample of samples) most = Math.max(most, Math.abs(sample));
  return most;
}

/** The level of each window. */
export function levels(samples: Float32Array, rate: number): number[] {
  const size = Math.round((rate * WINDOW_MS) / 1000);
  const found: number[] = [];
  for (let at = 0; at + size <= samples.length; at += size) found.push(level(samples.subarray(at, at + size)));
  return found;
}

/** The level of the room: what the quietest tenth of the windows stays under. */
export function roomOf(windows: number[]): number {
  const sorted = [...windows].sort((a, b) => a - b);
  return Math.min(LOUDEST_ROOM_DB, sorted[Math.floor(sorted.length / 10)] ?? -100);
}

/** Above this a window is speech. */
export const threshold = (room: number) => Math.max(LEAST_DB, room + OVER_NOISE_DB);

export interface Heard {
  /** Of the speech, in samples; both 0 where there is none. */
  start: number;
  end: number;
  /** Kept: the speech and a margin on both sides. */
  from: number;
  to: number;
  roomDb: number;
  speechDb: number;
  /** Runs of samples at full scale. */
  clipped: number;
  /** Whether the recording begins or ends in the middle of speech. */
  cutStart: boolean;
  cutEnd: boolean;
}

export function hear(samples: Float32Array, rate: number): Heard {
  const windows = levels(samples, rate);
  const room = roomOf(windows);
  const loud = threshold(room);
  const size = Math.round((rate * WINDOW_MS) / 1000);
  // A click is one window: speech is two in a row.
  const speaks = (i: number) =>
    (windows[i] ?? -100) > loud && Math.max(windows[i - 1] ?? -100, windows[i + 1] ?? -100) > loud;
  let first = windows.findIndex((_, i) => speaks(i));
  let last = windows.findLastIndex((_, i) => speaks(i));
  if (first < 0) first = last = -1;
  const start = Math.max(0, first) * size;
  const end = first < 0 ? 0 : (last + 1) * size;
  const margin = Math.round((rate * MARGIN_MS) / 1000);
  const said = windows.slice(Math.max(0, first), last + 1).filter((one) => one > loud);
  const power = said.reduce((sum, one) => sum + 10 ** (one / 10), 0) / Math.max(1, said.length);
  return {
    start,
    end,
    from: end ? Math.max(0, start - margin) : 0,
    to: end ? Math.min(samples.length, end + margin) : samples.length,
    roomDb: room,
    speechDb: end ? 10 * Math.log10(power) : -100,
    clipped: clippedRuns(samples),
    cutStart: first >= 0 && first < 3,
    cutEnd: end > 0 && last > windows.length - 4,
  };
}

/** How often three samples in a row are at full scale: what a loud voice does to a microphone. */
function clippedRuns(samples: Float32Array): number {
  let runs = 0;
  let length = 0;
  for (const sample of samples) {
    length = Math.abs(sample) >= CLIPPED ? length + 1 : 0;
    if (length === 3) runs++;
  }
  return runs;
}

export interface Verdict {
  kind: "good" | "poor" | "bad";
  text: string;
}

/** What the speaker should know at once, in the order of its weight. */
export function verdicts(heard: Heard, rate: number): Verdict[] {
  const seconds = (heard.end - heard.start) / rate;
  if (!heard.end) return [{ kind: "bad", text: "Nothing was heard: speak closer to the microphone" }];
  const found: Verdict[] = [];
  if (heard.clipped) found.push({ kind: "bad", text: "Too loud: move back a little" });
  else if (heard.speechDb < -45) found.push({ kind: "bad", text: "Much too quiet: come closer" });
  else if (heard.speechDb < -35) found.push({ kind: "poor", text: "Too quiet: come closer" });
  else found.push({ kind: "good", text: "Good level" });
  const overRoom = heard.speechDb - heard.roomDb;
  if (overRoom < 15) found.push({ kind: "bad", text: "Too noisy: find a quieter room" });
  else if (overRoom < 26) found.push({ kind: "poor", text: "Noisy room" });
  else found.push({ kind: "good", text: "Quiet room" });
  if (seconds < SHORTEST_SPEECH_MS / 1000) found.push({ kind: "bad", text: "Too short: a click, not a word" });
  else if (heard.cutStart) found.push({ kind: "bad", text: "The start is cut off: wait a moment before you speak" });
  else if (heard.cutEnd) found.push({ kind: "bad", text: "The end is cut off" });
  else found.push({ kind: "good", text: `${seconds.toFixed(1)} s · ends are clean` });
  return found;
}

/** Decides when a recording stops by itself, from the level of each block as it comes. */
export class Ears {
  #room: number[];
  #said = 0;
  #quiet = 0;
  #elapsed = 0;

  /** `before` are levels of blocks from before the recording began: they know the room. */
  constructor(before: number[]) {
    this.#room = [...before];
  }

  /** Whether the recording is over with this block of `ms`. */
  hear(db: number, ms: number): boolean {
    this.#elapsed += ms;
    this.#room.push(db);
    if (db > threshold(roomOf(this.#room))) {
      this.#said += ms;
      this.#quiet = 0;
    } else {
      this.#quiet += ms;
    }
    const spoke = this.#said >= SHORTEST_SPEECH_MS;
    return (spoke && this.#quiet >= SILENCE_MS) || (!spoke && this.#elapsed >= 6000) || this.#elapsed >= 59_000;
  }
}
