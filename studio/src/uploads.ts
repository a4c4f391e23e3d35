import { signal } from "@preact/signals";
import { Refusal, clip, clips, upload } from "./api";
import { unreached } from "./config";
import { baseName, plainPhrase } from "./record/name";
import { say } from "./store";
import { type Take, countWaiting, isWriting, keep, take, unreported, waiting } from "./takes";

/** Takes that are on this device alone. */
export const pending = signal(0);
/** Why they cannot be sent now, as a sentence; empty while they can. */
export const stopped = signal("");
/** Of the uploads that run: the share that is there, by id. */
export const progress = signal<ReadonlyMap<number, number>>(new Map());
/** A take has a new state. */
export const changed = signal<Take | null>(null);

const AT_ONCE = 3;
/** The service prepares a clip within seconds. */
const FIRST_LOOK_MS = 500;
const LAST_LOOK_MS = 20_000;
/** Clips that are asked for at a time. */
const LOOKS = 6;
const RETRY_MS = 10_000;

/** The studio in the other tabs of this browser: they share what is kept. */
const others = new BroadcastChannel("studio");
/** Another tab has kept, sent or settled takes, or changed a list. */
export const elsewhere = signal(0);
others.onmessage = () => {
  elsewhere.value++;
  void work();
};

/** Tell the other tabs that something is kept anew. */
export const tellOthers = () => {
  others.postMessage(null);
};

let stays: Promise<boolean> | undefined;
let running = false;
let more = false;
let looking: ReturnType<typeof setTimeout> | undefined;
let turn = 0;
let again: ReturnType<typeof setTimeout> | undefined;

/** Upload what waits, now and whenever there is a network again. */
export function watch(): void {
  addEventListener("online", () => void work());
  addEventListener("beforeunload", (event) => {
    if (isWriting()) event.preventDefault(); // an upload only begins anew
  });
  void work();
  lookSoon();
}

/** Upload what waits; one at a time does this, in one tab. */
export async function work(): Promise<void> {
  clearTimeout(again);
  more = true;
  if (running) return;
  running = true;
  try {
    await navigator.locks.request("uploads", { ifAvailable: true }, async (lock) => {
      while (lock && more) {
        more = false;
        const left = await waiting();
        pending.value = left.length;
        // The browser is asked once not to throw away what waits when the device gets full.
        if (left.length) stays ??= navigator.storage.persist().catch(() => false);
        await Promise.all(Array.from({ length: AT_ONCE }, () => sendAll(left)));
      }
    });
  } finally {
    running = false;
    known.clear();
    pending.value = await countWaiting();
    if (pending.value) again = setTimeout(() => void work(), RETRY_MS);
    else stopped.value = "";
  }
}

async function sendAll(left: number[]): Promise<void> {
  for (let id = left.shift(); id !== undefined; id = left.shift()) {
    if (navigator.onLine && (await send(id))) continue;
    if (!navigator.onLine) stopped.value = unreached();
    more = false;
    left.length = 0; // the others would fail, too: later
  }
}

const known = new Map<string, Promise<Map<string, string>>>();

/** The file that says each phrase of a voice, for the takes of a time without a network. */
function namesOf(voice: string): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const asked =
    known.get(voice) ??
    clips(voice, (page) => {
      for (const { key, phrase, take, instead } of page) if (!take && !instead) names.set(phrase, baseName(key));
    })
      .catch((error: unknown) => {
        if (!(error instanceof Refusal && error.status === 404)) throw error; // a new voice
      })
      .then(() => names);
  known.set(voice, asked);
  return asked;
}

/** Whether others may go on: false where there is no network, or the service cannot be reached. */
async function send(id: number): Promise<boolean> {
  const found = await take(id);
  if (!found?.file || found.state !== "waiting") return true;
  try {
    if (found.blind) {
      found.name = (await namesOf(found.voice)).get(plainPhrase(found.phrase)) ?? found.name;
      found.blind = false;
    }
    await upload(found.voice, found.name, found.file, (share) => {
      progress.value = new Map(progress.value).set(id, share);
    });
  } catch (error) {
    if (error instanceof Refusal && error.isFinal) {
      await settle({ ...found, state: "refused", report: [error.message] });
      return true;
    }
    stopped.value = error instanceof Error ? error.message : String(error);
    return false;
  } finally {
    const rest = new Map(progress.value);
    rest.delete(id);
    progress.value = rest;
  }
  stopped.value = "";
  await settle({ ...found, file: null, state: "uploaded" });
  pending.value = Math.max(0, pending.value - 1);
  lookSoon();
  return true;
}

/** Ask what the service found in the clips that it has: soon at first, then less and less often. */
function lookSoon(ms = FIRST_LOOK_MS): void {
  clearTimeout(looking);
  looking = setTimeout(() => void look(ms), ms);
}

async function look(ms: number): Promise<void> {
  const ids = await unreported();
  if (!ids.length) return;
  const first = turn % ids.length; // so that one that is never prepared does not hold up the rest
  turn += LOOKS;
  const some = [...ids.slice(first), ...ids.slice(0, first)].slice(0, LOOKS);
  const found = await Promise.all(some.map((id) => report(id).catch(() => false)));
  lookSoon(found.includes(true) ? FIRST_LOOK_MS : Math.min(1.5 * ms, LAST_LOOK_MS));
}

/** Note what the service found in a clip; false where it has not looked yet. */
async function report(id: number): Promise<boolean> {
  const found = await take(id);
  if (found?.state !== "uploaded") return true;
  try {
    const { clip: made } = await clip(found.voice, found.name);
    if (made?.refused) await settle({ ...found, state: "refused", report: [made.refused] });
    else if (made?.prepared) await settle({ ...found, state: "ready", report: made.warnings ?? [] });
    else return false;
  } catch (error) {
    if (!(error instanceof Refusal && error.status === 404)) throw error;
    await settle({ ...found, state: "refused", report: ["It was uploaded, and has been deleted since."] });
  }
  return true;
}

async function settle(found: Take): Promise<void> {
  await keep(found);
  changed.value = found;
  if (found.state === "refused") say(`“${found.phrase}” is refused: ${found.report.join("; ")}`);
  tellOthers();
}
