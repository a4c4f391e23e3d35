import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Verdict } from "./audio/levels";

/** A word or phrase to record. */
export interface Item {
  phrase: string;
  /** The sentence that it comes from, as pieces; those of the phrase are marked. */
  example: [string, boolean][];
  /** How many messages need it. */
  messages: number;
  /** The clip's file that it replaces, where that is not the one that says the phrase anywhere. */
  name?: string;
}

/** A recording that was kept, until the service has said what it is. */
export interface Take {
  id?: number;
  voice: string;
  phrase: string;
  /** Of the file: what it is uploaded as. */
  name: string;
  /** The voice's clips were not known: perhaps another file says the phrase, which then gets a new version. */
  blind?: boolean;
  /** Gone when it is uploaded. */
  file: Blob | null;
  state: "waiting" | "uploaded" | "ready" | "refused";
  verdicts: Verdict[];
  /** Why it was refused, or what the service found poor. */
  report: string[];
  at: number;
}

interface Schema extends DBSchema {
  takes: { key: number; value: Take; indexes: { state: string; voice: string } };
  queues: { key: string; value: { voice: string; from: string; items: Item[] } };
}

let database: Promise<IDBPDatabase<Schema>> | undefined;

function opened(): Promise<IDBPDatabase<Schema>> {
  database ??= openDB<Schema>("studio", 1, {
    upgrade(made) {
      const takes = made.createObjectStore("takes", { keyPath: "id", autoIncrement: true });
      takes.createIndex("state", "state");
      takes.createIndex("voice", "voice");
      made.createObjectStore("queues", { keyPath: "voice" });
    },
  });
  return database;
}

let writing = 0;

/** Whether closing the page now would lose a take: it is being written, which takes some milliseconds. */
export const isWriting = () => writing > 0;

/** Keep a take; resolves when it is written, so that closing the page then loses nothing. */
export async function keep(take: Take): Promise<number> {
  writing++;
  try {
    const store = await opened();
    const written = store.transaction("takes", "readwrite", { durability: "strict" });
    const id = await written.store.put(take);
    await written.done;
    return id;
  } finally {
    writing--;
  }
}

/** Forget what the service has, or refused, of these phrases: they are recorded anew. */
export async function forgetSettled(voice: string, phrases: ReadonlySet<string>): Promise<void> {
  const store = await opened();
  for (const one of await takesOf(voice)) {
    if (one.id !== undefined && one.state !== "waiting" && phrases.has(one.phrase)) await store.delete("takes", one.id);
  }
}

/** The takes of a voice, the newest of each phrase last. */
export async function takesOf(voice: string): Promise<Take[]> {
  return (await opened()).getAllFromIndex("takes", "voice", voice);
}

/** How many takes are not uploaded. */
export async function countWaiting(): Promise<number> {
  return (await opened()).countFromIndex("takes", "state", "waiting");
}

/** Ids of the takes to upload, the oldest first. Of two takes of one clip the older one is forgotten. */
export async function waiting(): Promise<number[]> {
  const store = await opened();
  const all = await store.getAllFromIndex("takes", "state", "waiting");
  const newest = new Map(all.map((one) => [`${one.voice}/${one.name}`, one.id]));
  const wanted = new Set(newest.values());
  for (const { id } of all) if (id !== undefined && !wanted.has(id)) await store.delete("takes", id);
  return [...wanted].filter((id) => id !== undefined).sort((a, b) => a - b);
}

/** Ids of the takes that the service has, and has not reported on. */
export async function unreported(): Promise<number[]> {
  return (await opened()).getAllKeysFromIndex("takes", "state", "uploaded");
}

export async function take(id: number): Promise<Take | undefined> {
  return (await opened()).get("takes", id);
}

export async function queueOf(voice: string): Promise<{ from: string; items: Item[] }> {
  return (await (await opened()).get("queues", voice)) ?? { from: "", items: [] };
}

export async function keepQueue(voice: string, from: string, items: Item[]): Promise<void> {
  await (await opened()).put("queues", { voice, from, items });
}
