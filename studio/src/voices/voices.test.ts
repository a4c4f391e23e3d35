import fc from "fast-check";
import { expect, test } from "vitest";
import { changed } from "./toml";
import { crc32, unzipped, zipped } from "./zip";

test("a value is changed where it stands, and the rest stays", () => {
  const toml = '# mine\nlanguage = "hi" # BCP 47\ngap_ms = 120\n\n[pauses]\ncomma = 250\n';
  expect(changed(toml, "", "gap_ms", 90)).toBe(toml.replace("120", "90"));
  expect(changed(toml, "", "language", "mr")).toContain('language = "mr"  # BCP 47\n');
  expect(changed(toml, "pauses", "comma", 100)).toBe(toml.replace("250", "100"));
  expect(changed(toml, "pauses", "stop", 600)).toBe(`${toml}stop = 600\n`);
  expect(changed(toml, "", "read_numbers", "strict")).toContain('gap_ms = 120\nread_numbers = "strict"\n\n[pauses]');
  expect(changed(toml, "", "gap_ms", null)).not.toContain("gap_ms");
});

test("an empty file gets its first lines", () => {
  expect(changed("", "", "gap_ms", 90)).toBe("gap_ms = 90\n");
  expect(changed("gap_ms = 90\n", "pauses", "comma", 1)).toBe("gap_ms = 90\n\n[pauses]\ncomma = 1\n");
  expect(changed("", "pauses", "comma", null)).toBe("");
});

test("a list over several lines is replaced whole", () => {
  const toml = 'aliases = [\n  "a = b", # one\n  "c = [d]",\n]\ngap_ms = 1\n';
  expect(changed(toml, "", "aliases", ["x = y"])).toBe('aliases = ["x = y"]\ngap_ms = 1\n');
});

test("what is zipped is unzipped", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.string({ minLength: 1, unit: "grapheme" }), fc.uint8Array({ maxLength: 300 })), {
        maxLength: 5,
      }),
      async (files) => {
        const entries = files.map(([name, data]) => ({
          name: `${name}.wav`.normalize("NFC"),
          data: new Uint8Array(data),
        }));
        const found = await unzipped(zipped(entries));
        expect(found.map(({ name, data }) => [name, [...data]])).toEqual(
          entries.map(({ name, data }) => [name, [...data]]),
        );
      },
    ),
    { numRuns: 30 },
  );
});

/** A zip file with one deflated entry that says of itself that it has `real` bytes. */
async function deflated(data: Uint8Array, real = data.length): Promise<Blob> {
  const packing = new Blob([new Uint8Array(data)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const raw = new Uint8Array(await new Response(packing).arrayBuffer());
  const bytes = new Uint8Array(await zipped([{ name: "a.wav", data: raw }]).arrayBuffer());
  const view = new DataView(bytes.buffer);
  const central = 30 + 5 + raw.length;
  view.setUint16(central + 10, 8, true);
  view.setUint32(central + 16, crc32(data), true);
  view.setUint32(central + 24, real, true);
  return new Blob([bytes]);
}

test("what others deflated is read", async () => {
  const data = new TextEncoder().encode("sound ".repeat(100));
  expect((await unzipped(await deflated(data)))[0]?.data).toEqual(data);
});

test.each([
  ["nothing", async () => Promise.resolve(new Blob([]))],
  ["a text", async () => Promise.resolve(new Blob(["this is no zip file, and it is long enough to be one"]))],
  [
    "half a zip file",
    async () => {
      const whole = zipped([{ name: "a.wav", data: new Uint8Array(100) }]);
      return Promise.resolve(whole.slice(60));
    },
  ],
  ["more than it says", async () => deflated(new Uint8Array(5000), 10)],
  ["less than it says", async () => deflated(new Uint8Array(10), 5000)],
])("%s is refused with a sentence", async (_, file) => {
  await expect(unzipped(await file())).rejects.toThrow(/zip file/);
});

test("an archive that would fill the memory is refused before it is unpacked", async () => {
  await expect(unzipped(await deflated(new Uint8Array(10), 2 ** 31))).rejects.toThrow("1 GB");
});

test("names that are not in UTF-8 are refused, and backslashes are folders", async () => {
  const named = async (name: string, byte?: number) => {
    const bytes = new Uint8Array(await zipped([{ name, data: new Uint8Array(1) }]).arrayBuffer());
    if (byte) bytes[30 + name.length + 1 + 46] = byte; // the first letter in the list at the end
    return new Blob([bytes]);
  };
  expect((await unzipped(await named("voice\\a.wav")))[0]?.name).toBe("voice/a.wav");
  await expect(unzipped(await named("a.wav", 0xff))).rejects.toThrow("UTF-8");
});
