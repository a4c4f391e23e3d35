/** Zip files (PKWARE APPNOTE 6.3): written without compression, since sound does not get smaller; read with deflate, too. */

export interface Entry {
  name: string;
  data: Uint8Array<ArrayBuffer>;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let i = 0; i < 8; i++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

export function crc32(data: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of data) sum = (TABLE[(sum ^ byte) & 255] ?? 0) ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

const UTF8 = 0x0800;
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** 1 January 1980: the file is the same whenever it is made. */
const DAY = 0x21;
/** The archive counts its files in two bytes. */
export const MOST_FILES = 65_535;
/** An archive may not become more than this when it is read. */
export const LARGEST_BYTES = 1024 ** 3;

export function zipped(entries: Entry[]): Blob {
  const parts: BlobPart[] = [];
  const central: BlobPart[] = [];
  let at = 0;
  let centralSize = 0;
  for (const { name, data } of entries) {
    const bytes = new TextEncoder().encode(name);
    const common: [number, 2 | 4][] = [
      [20, 2],
      [UTF8, 2],
      [0, 2],
      [0, 2],
      [DAY, 2],
      [crc32(data), 4],
      [data.length, 4],
      [data.length, 4],
      [bytes.length, 2],
      [0, 2],
    ];
    const head = packed([[LOCAL, 4], ...common]);
    parts.push(head, bytes, data);
    const listed = packed([[CENTRAL, 4], [20, 2], ...common, [0, 2], [0, 2], [0, 2], [0, 4], [at, 4]]);
    central.push(listed, bytes);
    centralSize += listed.length + bytes.length;
    at += head.length + bytes.length + data.length;
  }
  const count = entries.length;
  const end = packed([
    [END, 4],
    [0, 2],
    [0, 2],
    [count, 2],
    [count, 2],
    [centralSize, 4],
    [at, 4],
    [0, 2],
  ]);
  return new Blob([...parts, ...central, end], { type: "application/zip" });
}

function packed(fields: [number, 2 | 4][]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, size]) => sum + size, 0)));
  let at = 0;
  for (const [value, size] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

/** The files of an archive, without folders. Rejects with a sentence for people where it cannot be read. */
export async function unzipped(file: Blob): Promise<Entry[]> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const view = new DataView(bytes.buffer);
  const broken = new Error("This is no zip file, or it is damaged: make it anew.");
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0) throw broken;
  const found: Entry[] = [];
  let total = 0;
  try {
    let at = view.getUint32(end + 16, true);
    for (let left = view.getUint16(end + 10, true); left > 0; left--) {
      if (view.getUint32(at, true) !== CENTRAL) throw broken;
      const [method, size, real] = [
        view.getUint16(at + 10, true),
        view.getUint32(at + 20, true),
        view.getUint32(at + 24, true),
      ];
      const [nameSize, extra, comment] = [
        view.getUint16(at + 28, true),
        view.getUint16(at + 30, true),
        view.getUint16(at + 32, true),
      ];
      const sum = view.getUint32(at + 16, true);
      const local = view.getUint32(at + 42, true);
      const name = nameIn(bytes.subarray(at + 46, at + 46 + nameSize));
      at += 46 + nameSize + extra + comment;
      if (name.endsWith("/")) continue;
      total += real;
      if (total > LARGEST_BYTES) throw new Error("The zip file holds more than 1 GB: import it in parts.");
      const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      const raw = bytes.slice(start, start + size);
      if (method !== 0 && method !== 8)
        throw new Error(`“${name}” is packed in a way that browsers do not read: make the zip file anew.`);
      const data = method === 0 ? raw : await inflated(raw, real);
      if (data.length !== real || crc32(data) !== sum) throw broken;
      found.push({ name, data });
    }
  } catch (error) {
    throw error instanceof RangeError ? broken : error;
  }
  return found;
}

/** A file's name with its folders; some programs part them with backslashes. */
function nameIn(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).normalize("NFC").replaceAll("\\", "/");
  } catch {
    throw new Error("The zip file has names that are not in UTF-8: make it with another program, or import the files.");
  }
}

/** Inflate at most `real` bytes and one more: what an archive says of itself may not be true. */
async function inflated(raw: Uint8Array<ArrayBuffer>, real: number): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const data = new Uint8Array(real);
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Error("This is no zip file, or it is damaged: make it anew.");
    });
    if (done) return data.subarray(0, at);
    if (at + value.length > real) {
      await reader.cancel();
      throw new Error("This is no zip file, or it is damaged: make it anew.");
    }
    data.set(value, at);
    at += value.length;
  }
}
