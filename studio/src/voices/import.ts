import { changeVoiceSettings } from "../api";
import { baseName, plainPhrase } from "../record/name";
import { clips } from "../store";
import { keep } from "../takes";
import { work } from "../uploads";
import { type Entry, unzipped } from "./zip";

const SOUND =
  /\.(wav|wave|w64|mp3|ogg|oga|opus|m4a|mp4|aac|flac|webm|amr|aiff?|aifc|caf|3gpp?|3g2|wma|au|snd|gsm|spx|mka|m4b|awb|mp2)$/i;
const SETTINGS = "voice.toml";
/** The service's limit. */
const LARGEST = 20 * 1024 * 1024;

export interface Imported {
  clips: number;
  settings: boolean;
  /** Files that were left out, each with the reason. */
  left: string[];
}

/** A file with the folders that it lay in. */
export interface Found {
  path: string;
  file: File;
}

/** Every file of what was dropped: files, folders and zip files. */
export async function dropped(transfer: DataTransfer): Promise<Found[]> {
  // The list is empty after the first wait.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return (await Promise.all(entries.map(inside))).flat();
}

async function inside(entry: FileSystemEntry): Promise<Found[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    return [{ path: entry.fullPath, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Found[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (!some.length) return found;
    for (const one of some) found.push(...(await inside(one)));
  }
}

const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/") + 1);

/** What operating systems leave beside files. */
const isLitter = (path: string) => /(^|\/)(\._|\.DS_Store$|__MACOSX\/)/.test(path);

/** Queue recordings for upload as clips of a voice, and write its settings if they are among them. */
export async function importInto(voice: string, files: Found[]): Promise<Imported> {
  const entries: Entry[] = [];
  for (const { path, file } of files) {
    if (/\.zip$/i.test(path)) entries.push(...(await unzipped(file)));
    else entries.push({ name: path, data: new Uint8Array(await file.arrayBuffer()) });
  }
  const wanted = entries.filter(({ name }) => !isLitter(name));
  if (new Set(wanted.filter(({ name }) => SOUND.test(name)).map(({ name }) => folderOf(name))).size > 1) {
    throw new Error("There are recordings in several folders: a voice is one folder, so import one at a time.");
  }
  const done: Imported = { clips: 0, settings: false, left: [] };
  for (const entry of wanted) await one(voice, entry, done);
  void work();
  return done;
}

async function one(voice: string, { name: path, data }: Entry, done: Imported): Promise<void> {
  const name = path.slice(path.lastIndexOf("/") + 1).normalize("NFC");
  if (name === SETTINGS) {
    await changeVoiceSettings(voice, new TextDecoder().decode(data));
    done.settings = true;
  } else if (!SOUND.test(name)) {
    done.left.push(`${name}: it does not end like a recording`);
  } else if (!data.length) {
    done.left.push(`${name}: it is empty`);
  } else if (data.length > LARGEST) {
    done.left.push(`${name}: it has over 20 MB`);
  } else {
    const phrase = plainPhrase(name.replace(/\.\w+$/, ""));
    const old = clips.value.get(phrase); // it gets a new version: of two files that say the same, only one is heard
    await keep({
      voice,
      phrase,
      name: old ? baseName(old.key) : name,
      file: new Blob([data]),
      state: "waiting",
      verdicts: [],
      report: [],
      at: Date.now(),
    });
    done.clips++;
  }
}
