import { signal } from "@preact/signals";
import { linked } from "../config";
import { RATE } from "./recorder";

let context: AudioContext | undefined;
let playing: AudioBufferSourceNode[] = [];

/** What sounds now, by a name of the caller's; empty in silence. */
export const sounding = signal("");
/** When it began and how long it is, in seconds of the page's clock. */
export const soundingSince = signal({ at: 0, seconds: 0 });

function opened(): AudioContext {
  context ??= new AudioContext({ sampleRate: RATE });
  return context;
}

const fetched = new Map<string, Promise<AudioBuffer>>();

/** The sound behind a link, remembered under `key`. */
export function sound(key: string, link: () => Promise<string>): Promise<AudioBuffer> {
  let found = fetched.get(key);
  if (!found) {
    found = link()
      .then(linked)
      .then(async (answer) => {
        const data = await answer.arrayBuffer();
        return opened()
          .decodeAudioData(data)
          .catch((error: unknown) => {
            throw new Error("This browser does not play this recording: download it to hear it.", { cause: error });
          });
      });
    fetched.set(key, found);
    found.catch(() => fetched.delete(key));
    if (fetched.size > 200) fetched.delete([...fetched.keys()][0] ?? "");
  }
  return found;
}

/** Mono samples as a sound. */
export function soundOf(samples: Float32Array, rate = RATE): AudioBuffer {
  const buffer = opened().createBuffer(1, Math.max(1, samples.length), rate);
  buffer.copyToChannel(new Float32Array(samples), 0);
  return buffer;
}

export function silence(): void {
  for (const source of playing) {
    source.onended = null;
    source.stop();
  }
  playing = [];
  sounding.value = "";
}

/** Play sounds one after the other, instead of what plays now. */
export async function play(name: string, sounds: AudioBuffer[], gapMs = 0): Promise<void> {
  silence();
  const here = opened();
  await here.resume();
  let at = here.currentTime + 0.02;
  const begin = at;
  for (const buffer of sounds) {
    const source = here.createBufferSource();
    source.buffer = buffer;
    source.connect(here.destination);
    source.start(at);
    at += buffer.duration + gapMs / 1000;
    playing.push(source);
  }
  sounding.value = name;
  soundingSince.value = { at: performance.now() / 1000, seconds: at - begin };
  const last = playing.at(-1);
  if (last) last.onended = silence;
}
