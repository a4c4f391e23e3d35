/** What a speaker hears: the take, the take in its sentence, and the recording that the voice has now. */
import { effect } from "@preact/signals";
import { clip as askClip, stitch } from "../api";
import { level } from "../audio/levels";
import { play, sound, soundOf } from "../audio/player";
import { voice } from "../store";
import type { Item } from "../takes";
import { baseName } from "./name";
import { current, existing, kept, recording } from "./state";

/** Play the take alone. */
export function hearTake(): void {
  const made = recording.value;
  if (made) void play("take", [soundOf(kept(made))]);
}

/** The words before and after the phrase in its sentence, said by the voice; those without a clip are left out. */
function around(item: Item): Promise<AudioBuffer | null>[] {
  const marked = item.example.findIndex(([, isPhrase]) => isPhrase);
  if (marked < 0) return [];
  const text = (pieces: Item["example"]) =>
    pieces
      .map(([piece]) => piece)
      .join("")
      .replaceAll("…", " ")
      .trim();
  return [text(item.example.slice(0, marked)), text(item.example.slice(marked + 1))].map(async (message) => {
    if (!/[\p{L}\p{N}]/u.test(message)) return null;
    const request = { message, voice: voice.value, missing: "skip" };
    return sound(`around ${voice.value} ${message}`, async () => (await stitch(request)).public_url).catch(() => null);
  });
}

/** So that the sentence plays at once when it is asked for. */
effect(() => {
  if (current.value && navigator.onLine) void Promise.all(around(current.value));
});

/** P: the take inside of its sentence, as loud as its neighbours; alone where there is no sentence. */
export async function hearInSentence(): Promise<void> {
  const item = current.value;
  const made = recording.value;
  if (!item || !made) return;
  const [before, after] = await Promise.all(around(item));
  if (!before && !after) {
    hearTake();
    return;
  }
  const { heard, samples } = made;
  const speech = samples.subarray(heard.start, heard.end);
  const neighbour = before ?? after;
  const wanted = neighbour ? level(neighbour.getChannelData(0)) : level(speech);
  const gain = Math.min(10 ** ((wanted - level(speech)) / 20), 15);
  const matched = soundOf(speech.map((sample) => Math.max(-1, Math.min(1, gain * sample))));
  await play(
    "sentence",
    [before, matched, after].filter((one) => one !== null && one !== undefined),
    120,
  );
}

/** B: the recording that the voice has now. */
export async function hearOld(): Promise<void> {
  const old = existing.value;
  if (!old) return;
  const mine = voice.value;
  const name = baseName(old.key);
  await play("old", [
    await sound(`${old.key} ${old.size.toString()}`, async () => (await askClip(mine, name)).url ?? ""),
  ]);
}
