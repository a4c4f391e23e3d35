import { computed, effect, signal } from "@preact/signals";
import { type Message, type Plan, type Request, now, plan as askPlan, stitch } from "../api";
import { play, silence, sound, sounding } from "../audio/player";
import { linked } from "../config";
import { save } from "../parts/save";
import { clips, clipsRead, say, voice } from "../store";

type Format = NonNullable<Request["format"]>;

/** Where most messages are played; the service knows the format of each. */
export const PLACES: [Format, string][] = [
  ["mp3", "MP3"],
  ["whatsapp", "WhatsApp"],
  ["asterisk", "Asterisk"],
  ["exotel", "Exotel"],
  ["twilio", "Twilio"],
  ["connect", "Amazon Connect"],
  ["wav", "WAV 48 kHz"],
];
/** After the last key: who types on is not asked for, and the plan is there within 200 ms. */
const WAIT_MS = 30;
const HEAR_MS = 700;

export const text = signal(sessionStorage.getItem("message") ?? "");
export const format = signal<Format>("mp3");
export const skip = signal(false);
/** The plan, and the message that it is for. */
export const planned = signal<{ text: string; plan: Plan } | null>(null);
export const refusal = signal("");
export const heard = signal<{ key: string; message: Message; samples: Float32Array } | null>(null);

export const request = computed<Request>(() => ({
  message: text.value,
  ...(voice.value ? { voice: voice.value } : {}),
  ...(skip.value ? { missing: "skip" } : {}),
}));
/** The same for the place where it will be played. Browsers do not play what telephones do: they hear MP3. */
export const taken = computed<Request>(() => ({
  ...request.value,
  ...(format.value === "mp3" ? {} : { format: format.value }),
}));
export const hasWords = computed(() => text.value.trim() !== "");
export const isReady = computed(() => {
  const found = planned.value;
  return found?.text === text.value && found.plan.segments.length > 0 && (skip.value || !found.plan.missing.length);
});

let asking: AbortController | undefined;

/** Plan what is written, when the last key was some time ago. */
effect(() => {
  // The clips, too: a word that was just recorded is no longer missing.
  const [wanted] = [request.value, clipsRead.value && clips.value];
  asking?.abort();
  sessionStorage.setItem("message", wanted.message ?? "");
  if (!hasWords.value) {
    planned.value = null;
    refusal.value = "";
    return;
  }
  const mine = (asking = new AbortController());
  const waited = setTimeout(() => {
    askPlan({ ...wanted, missing: "error" }, mine.signal)
      .then((plan) => {
        planned.value = { text: wanted.message ?? "", plan };
        refusal.value = "";
      })
      .catch((error: unknown) => {
        if (mine.signal.aborted) return;
        refusal.value = error instanceof Error ? error.message : String(error);
        planned.value = null;
      });
  }, WAIT_MS);
  mine.signal.addEventListener("abort", () => {
    clearTimeout(waited);
  });
});

/** Fetch the sound of a message that is ready, so that it plays at once. */
effect(() => {
  if (!isReady.value) return;
  const wanted = request.value;
  const soon = setTimeout(() => void made(wanted).catch(() => undefined), HEAR_MS);
  return () => {
    clearTimeout(soon);
  };
});

async function made(
  wanted: Request,
): Promise<{ key: string; message: Message; samples: Float32Array; buffer: AudioBuffer }> {
  const key = JSON.stringify(wanted);
  const last = heard.peek();
  const lasts = last?.key === key && Date.parse(last.message.expires_at) > now() + 60_000;
  const message = lasts ? last.message : await stitch(wanted);
  const buffer = await sound(message.output_file, () => Promise.resolve(message.public_url));
  const found = { key, message, samples: buffer.getChannelData(0), buffer };
  if (JSON.stringify(request.peek()) === key) heard.value = found;
  return found;
}

export async function listen(): Promise<void> {
  if (sounding.value === "message") {
    silence();
    return;
  }
  const { buffer } = await made(request.value);
  await play("message", [buffer]);
}

/** The message in the chosen format; says what the service warns of. */
export async function take(): Promise<Message> {
  const message = await stitch(taken.value);
  if (message.warnings.length) say(message.warnings.join("; "));
  return message;
}

export async function download(): Promise<void> {
  const { public_url, output_file } = await take();
  const answer = await linked(public_url);
  const name = text.value.trim().replace(/[^\p{L}\p{M}\p{N}]+/gu, "_");
  save(await answer.blob(), (name.slice(0, 60) || "message") + output_file.slice(output_file.lastIndexOf(".")));
}
