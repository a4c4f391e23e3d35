import { batch, computed, effect, signal } from "@preact/signals";
import { type Clip, Refusal, type Unread, type Voice, clips as listClips, voices as listVoices } from "./api";

const PAGES = ["record", "compose", "campaign", "voices", "pictures"] as const;
export type Page = (typeof PAGES)[number];

const named = (): Page => PAGES.find((page) => location.hash.startsWith(`#/${page}`)) ?? "record";

export const page = signal<Page>(named());
addEventListener("hashchange", () => {
  page.value = named();
});

export function go(to: Page): void {
  location.hash = `#/${to}`;
}

/** The voices as they were known last: words are shown in their script before the service answers, and offline. */
export const voices = signal<Voice[]>(kept());
effect(() => {
  localStorage.setItem("voices", JSON.stringify(voices.value));
});

function kept(): Voice[] {
  try {
    return JSON.parse(localStorage.getItem("voices") ?? "[]") as Voice[];
  } catch {
    return [];
  }
}

/** The voice that all pages are about; the default one is empty. */
export const voice = signal(localStorage.getItem("voice") ?? "");
effect(() => {
  localStorage.setItem("voice", voice.value);
});

export const language = computed(() => voices.value.find((one) => one.voice === voice.value)?.language ?? "");

const FROM_THE_RIGHT = new Set(["ar", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"]);

/** How the voice's words are written. */
export const direction = computed(() => (FROM_THE_RIGHT.has(language.value.split("-")[0] ?? "") ? "rtl" : "ltr"));

/** All recordings of the voice: also those of which another one says the same, and those for one place of a sentence. */
export const recordings = signal<readonly Clip[]>([]);
/** The files beside them that are not read. */
export const unread = signal<readonly Unread[]>([]);
export const clipsRead = signal(false);

/** The clip that says each phrase at any place of a sentence. */
export const clips = computed<ReadonlyMap<string, Clip>>(
  () => new Map(recordings.value.filter((one) => !one.instead && !one.take).map((one) => [one.phrase, one])),
);

/** A sentence at the foot of the page, with a way back where there is one. */
export const notice = signal<{ text: string; undo?: () => void } | null>(null);

export function say(text: string, undo?: () => void): void {
  notice.value = undo ? { text, undo } : { text };
}

/** Run something whose failure the user should read. */
export function told(work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
  });
}

/** A look at something that runs: null where it fails for now, which is said; who looks, looks again later. */
export async function looked<T>(look: Promise<T>): Promise<T | null> {
  return look.catch((error: unknown) => {
    if (error instanceof Refusal && error.isFinal) throw error;
    say(error instanceof Error ? error.message : String(error));
    return null;
  });
}

export async function readVoices(): Promise<void> {
  voices.value = await listVoices();
}

let reading = 0;
let readOf: string | undefined;
let soon: ReturnType<typeof setTimeout> | undefined;

/** A clip of the voice has changed: read the clips anew, once for many changes. */
export function clipsChanged(): void {
  clearTimeout(soon);
  soon = setTimeout(() => {
    told(readClips());
  }, 300);
}

/** Read the voice's clips anew. */
export async function readClips(): Promise<void> {
  const mine = ++reading;
  const asked = voice.value;
  const found: Clip[] = [];
  const beside: Unread[] = [];
  if (asked !== readOf)
    batch(() => {
      readOf = undefined;
      clipsRead.value = false;
      recordings.value = [];
      unread.value = [];
    });
  await listClips(asked, (page, ignored) => {
    found.push(...page);
    beside.push(...ignored);
    // Of a voice that was read before, the old list stays until the new one is whole.
    if (mine === reading && asked !== readOf) recordings.value = [...found];
  }).catch((error: unknown) => {
    // A new voice is there when its first clip is.
    if (!(error instanceof Refusal && error.status === 404)) throw error;
  });
  if (mine !== reading) return;
  readOf = asked;
  batch(() => {
    recordings.value = found;
    unread.value = beside;
    clipsRead.value = true;
  });
}

/** What a person calls a voice: its name, and its language in that language. */
export function nameOf(one: string): string {
  const tag = voices.value.find((found) => found.voice === one)?.language;
  return [one || "Default voice", ownName(tag ?? "")].filter(Boolean).join(" · ");
}

function ownName(tag: string): string {
  try {
    return tag ? (new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? "") : "";
  } catch {
    return ""; // a language that this browser does not know
  }
}
