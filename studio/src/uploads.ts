import { signal } from "@preact/signals";
import { Refusal, clip, upload } from "./api";
import { type Take, isWriting, keep, take, unreported, waiting } from "./takes";

/** Takes that are on this device alone. */
export const pending = signal(0);
/** Of the uploads that run: the share that is there, by id. */
export const progress = signal<ReadonlyMap<number, number>>(new Map());
/** A take has a new state. */
export const changed = signal<Take | null>(null);

const AT_ONCE = 3;
/** How long to wait for the service's report: it prepares a clip within seconds. */
const REPORT_MS = [500, 700, 1000, 1500, 2000, 3000, 4000, 5000, 5000, 10_000, 20_000];
const RETRY_MS = 10_000;

let running = false;
let again: ReturnType<typeof setTimeout> | undefined;

/** Upload what waits, now and whenever there is a network again. */
export function watch(): void {
  addEventListener("online", () => void work());
  addEventListener("beforeunload", (event) => {
    if (isWriting()) event.preventDefault(); // an upload only begins anew
  });
  void work();
  void unreported().then((ids) => {
    ids.forEach((id) => void report(id));
  });
}

/** Begin with what waits; one at a time does this. */
export async function work(): Promise<void> {
  clearTimeout(again);
  if (running) return;
  running = true;
  try {
    const left = await waiting();
    pending.value = left.length;
    // Two tabs do not upload the same take.
    await navigator.locks.request("uploads", { ifAvailable: true }, async (lock) => {
      if (!lock) return;
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let id = left.shift(); id !== undefined && navigator.onLine; id = left.shift()) {
            if (!(await send(id))) return;
          }
        }),
      );
    });
  } finally {
    running = false;
    pending.value = (await waiting()).length;
    if (pending.value) again = setTimeout(() => void work(), navigator.onLine ? RETRY_MS : 6 * RETRY_MS);
  }
}

/** Whether others may go on: false where there is no network, or the service cannot be reached. */
async function send(id: number): Promise<boolean> {
  const found = await take(id);
  if (!found?.file || found.state !== "waiting") return true;
  try {
    await upload(found.voice, found.name, found.file, (share) => {
      progress.value = new Map(progress.value).set(id, share);
    });
  } catch (error) {
    if (
      error instanceof Refusal &&
      error.status >= 400 &&
      error.status < 500 &&
      ![403, 408, 429].includes(error.status)
    ) {
      await settle({ ...found, state: "refused", report: [error.message] });
      return true;
    }
    return false;
  } finally {
    const rest = new Map(progress.value);
    rest.delete(id);
    progress.value = rest;
  }
  await settle({ ...found, file: null, state: "uploaded" });
  pending.value = Math.max(0, pending.value - 1);
  void report(id);
  return true;
}

/** Wait until the service has prepared the clip, and note what it found. */
async function report(id: number): Promise<void> {
  for (const ms of REPORT_MS) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    const found = await take(id);
    if (found?.state !== "uploaded") return;
    try {
      const { clip: made } = await clip(found.voice, found.name);
      if (made?.refused) {
        await settle({ ...found, state: "refused", report: [made.refused] });
        return;
      }
      if (made?.prepared) {
        await settle({ ...found, state: "ready", report: made.warnings ?? [] });
        return;
      }
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) return;
    }
  }
}

async function settle(found: Take): Promise<void> {
  await keep(found);
  changed.value = found;
}
