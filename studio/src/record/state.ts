import { batch, computed, signal } from "@preact/signals";
import { type Heard, type Verdict, hear, verdicts } from "../audio/levels";
import { silence } from "../audio/player";
import { RATE, Recorder, at48k } from "../audio/recorder";
import { wav } from "../audio/wav";
import { clips, clipsChanged, clipsRead, go, recordings, say, told, voice } from "../store";
import { type Item, type Take, forgetSettled, keep, keepQueue, queueOf, takesOf } from "../takes";
import { changed, elsewhere, pending, tellOthers, work } from "../uploads";
import { baseName, fileName, plainPhrase } from "./name";

export interface Recording {
  samples: Float32Array;
  heard: Heard;
  verdicts: Verdict[];
}

/** The words to record, and the name of the list. */
export const items = signal<Item[]>([]);
export const from = signal("");
export const at = signal(0);
export const current = computed(() => items.value[at.value]);
/** The take on the stage; null before it is recorded. */
export const recording = signal<Recording | null>(null);
export const live = signal(false);
export const meter = signal({ peak: 0, db: -100, most: 0 });
/** The newest take of each phrase of this voice, kept on this device. */
export const takes = signal<ReadonlyMap<string, Take>>(new Map());
export const microphone = signal("");

const recorder = new Recorder();
/** What is recorded, or was last: a take is of the word that was shown when it began, or of none. */
let subject = "";
const shownSubject = () => JSON.stringify([voice.value, current.value?.phrase]);
let opening = false;
let began = 0;
let spent = { count: 0, ms: 0 };

recorder.onLevel = (peak, db) => {
  meter.value = { peak, db, most: Math.max(peak, 0.97 * meter.value.most) };
};

recorder.onTake = (take) => {
  const wanted = subject;
  void at48k(take).then((samples) => {
    if (wanted !== shownSubject()) return; // another word is shown by now
    const heard = hear(samples, RATE);
    batch(() => {
      live.value = false;
      recording.value = { samples, heard, verdicts: verdicts(heard, RATE) };
    });
  });
};

recorder.onGone = (wasRecording) => {
  if (wasRecording)
    microphone.value =
      "The microphone was unplugged or taken away. What it heard until then is here: connect it, then record again.";
};

changed.subscribe((take) => {
  if (take?.voice !== voice.value) return;
  takes.value = new Map(takes.value).set(take.phrase, take);
  if (take.state !== "uploaded") clipsChanged(); // messages that lacked it are planned anew
});

/** Whether an item needs nothing more from the speaker. */
export const isDone = (item: Item) => {
  const take = takes.value.get(item.phrase);
  return take !== undefined && take.state !== "refused";
};

export const done = computed(() => items.value.filter(isDone).length);

/** Minutes that the rest takes at this speaker's pace; 6 seconds a word before it is known. */
export const minutesLeft = computed(() => {
  const each = spent.count > 2 ? spent.ms / spent.count : 6000;
  return Math.max(1, Math.round(((items.value.length - done.value) * each) / 60_000));
});

/** How often the list was changed here: what was read before a change is out of date. */
let edits = 0;
/** The voice whose list is shown; none before the first one is read. */
let shown: string | undefined;

/** Show what this voice has to record, unless that is shown already. */
export async function open(): Promise<void> {
  const mine = voice.value;
  if (shown === mine) return;
  const before = edits;
  const [queue, kept] = await Promise.all([queueOf(mine), takesOf(mine)]);
  if (mine !== voice.value || before !== edits) return;
  shown = mine;
  batch(() => {
    takes.value = new Map(kept.map((take) => [take.phrase, take]));
    items.value = queue.items;
    from.value = queue.from;
    const next = queue.items.findIndex((item) => !isDone(item));
    move(Math.max(0, next));
  });
}

/** Another tab has recorded words, or changed the list: what is on the stage here stays. */
elsewhere.subscribe((times) => {
  if (times) void reopen();
});

async function reopen(): Promise<void> {
  const mine = voice.value;
  const before = edits;
  const [queue, kept] = await Promise.all([queueOf(mine), takesOf(mine)]);
  if (mine !== voice.value || before !== edits) return;
  const phrase = current.value?.phrase;
  batch(() => {
    takes.value = new Map(kept.map((take) => [take.phrase, take]));
    items.value = queue.items;
    from.value = queue.from;
    const same = queue.items.findIndex((item) => item.phrase === phrase);
    if (same >= 0) at.value = same;
    else move(at.value);
  });
}

/** Put words at the end of the list, or begin a new list with them. */
export async function add(more: Item[], name: string, { anew = false, first = false } = {}): Promise<void> {
  await open(); // the new words come behind what is there
  edits++;
  if (anew && items.value.some((item) => !isDone(item))) say(`The list “${from.value}” is replaced.`, wayBack());
  const old = anew ? [] : items.value;
  // What is recorded again is asked for again.
  const asked = new Set(more.map(({ phrase }) => phrase));
  takes.value = new Map([...takes.value].filter(([phrase]) => !asked.has(phrase)));
  const there = new Set(old.map(({ phrase }) => phrase));
  items.value = first
    ? [...more, ...old.filter(({ phrase }) => !asked.has(phrase))]
    : [...old, ...more.filter(({ phrase }) => !there.has(phrase))];
  from.value = anew || !old.length ? name : from.value;
  const undone = items.value.findIndex((item) => !isDone(item));
  move(first ? 0 : anew || undone >= 0 ? Math.max(0, undone) : at.value);
  const mine = voice.value;
  await keepQueue(mine, from.value, items.value);
  await forgetSettled(mine, asked);
  tellOthers();
}

/** From another page: record these now, before the rest of the list. */
export async function recordNow(some: Item[]): Promise<void> {
  await add(some, "single words", { first: true });
  go("record");
}

export async function clear(): Promise<void> {
  const back = wayBack();
  await put([], "");
  say("The list is empty.", back);
}

/** Show this list, and keep it. */
async function put(list: Item[], name: string): Promise<void> {
  edits++;
  items.value = list;
  from.value = name;
  move(
    Math.max(
      0,
      list.findIndex((item) => !isDone(item)),
    ),
  );
  await keepQueue(voice.value, name, list);
  tellOthers();
}

/** What brings back the list that is shown now. */
function wayBack(): () => void {
  const [mine, list, name] = [voice.value, items.value, from.value];
  return () => {
    told(mine === voice.value ? put(list, name) : keepQueue(mine, name, list));
  };
}

export function move(to: number): void {
  silence();
  recorder.drop();
  batch(() => {
    live.value = false;
    at.value = Math.max(0, Math.min(items.value.length - 1, to));
    recording.value = null;
  });
}

/** Space: record, or stop. */
export async function toggle(): Promise<void> {
  if (recorder.recording) {
    recorder.stop();
    return;
  }
  if (!current.value || opening) return;
  silence();
  opening = true;
  try {
    await recorder.open();
    microphone.value = "";
  } catch (error) {
    microphone.value = error instanceof Error ? error.message : String(error);
    return;
  } finally {
    opening = false;
  }
  if (!recorder.isOpen) return; // the page was left meanwhile
  began = performance.now();
  subject = shownSubject();
  recorder.start();
  batch(() => {
    recording.value = null;
    live.value = true;
  });
}

export function closeMicrophone(): void {
  recorder.close();
  live.value = false;
}

/** The clip that the voice has for the phrase already. */
export const existing = computed(() => {
  const item = current.value;
  if (!item?.name) return item && clips.value.get(plainPhrase(item.phrase));
  return recordings.value.find(({ key }) => baseName(key) === item.name);
});

export const kept = ({ samples, heard }: Recording) => samples.subarray(heard.from, heard.to);

/** Enter: keep the take and show the next word. */
export async function accept(): Promise<void> {
  const item = current.value;
  const made = recording.value;
  if (!item || !made?.heard.end || live.value) return;
  const old = existing.value;
  const take: Take = {
    voice: voice.value,
    phrase: item.phrase,
    name: item.name ?? (old ? baseName(old.key) : fileName(item.phrase)),
    file: new Blob([wav(kept(made), RATE)], { type: "audio/wav" }),
    blind: !item.name && !clipsRead.value,
    state: "waiting",
    verdicts: made.verdicts,
    report: [],
    at: Date.now(),
  };
  spent = { count: spent.count + 1, ms: spent.ms + Math.min(60_000, performance.now() - began) };
  edits++;
  takes.value = new Map(takes.value).set(item.phrase, take);
  const next = items.value.findIndex((one, i) => i > at.value && !isDone(one));
  const any = items.value.findIndex((one) => !isDone(one));
  move(next >= 0 ? next : any >= 0 ? any : at.value);
  try {
    const id = await keep(take);
    pending.value++; // what is said to wait is written
    if (takes.value.get(item.phrase) === take) takes.value = new Map(takes.value).set(item.phrase, { ...take, id });
  } catch {
    say("This device has no room for the recording: free some, then record the word again.");
    takes.value = new Map([...takes.value].filter(([phrase]) => phrase !== item.phrase));
    return;
  }
  void work();
}
