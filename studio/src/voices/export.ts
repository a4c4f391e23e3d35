import { type Clip, clip as askClip, voiceSettings } from "../api";
import { linked } from "../config";
import { baseName } from "../record/name";
import { type Entry, LARGEST_BYTES, MOST_FILES, zipped } from "./zip";

/** Recordings that are fetched at a time. */
const AT_ONCE = 6;

/** All recordings of a voice and its settings as a zip file; rejects where one of them cannot be had. */
export async function bundle(voice: string, clips: readonly Clip[], progress: (done: number) => void): Promise<Blob> {
  const bytes = clips.reduce((sum, { size }) => sum + size, 0);
  if (bytes > LARGEST_BYTES || clips.length >= MOST_FILES)
    throw new Error("This voice is too large for a zip file in a browser: copy its folder with `aws s3 sync`.");
  const entries: Entry[] = [];
  const left = [...clips.entries()];
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [at, { key }] = next;
      const name = baseName(key);
      const { url } = await askClip(voice, name);
      if (url === null) throw new Error(`“${name}” was deleted meanwhile: export the voice again.`);
      const answer = await linked(url);
      entries[at] = { name, data: new Uint8Array(await answer.arrayBuffer()) };
      progress(clips.length - left.length);
    }
  };
  const stop = (error: unknown) => {
    left.length = 0;
    throw error;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, () => work().catch(stop)));
  const { toml } = await voiceSettings(voice);
  if (toml) entries.push({ name: "voice.toml", data: new TextEncoder().encode(toml) });
  return zipped(entries);
}
