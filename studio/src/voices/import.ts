import { changeVoiceSettings } from "../api";
import { baseName, plainPhrase } from "../record/name";
import { clips, clipsRead, recordings } from "../store";
import { keep } from "../takes";
import { work } from "../uploads";
import { type Entry, unzipped } from "./zip";

const SOUND =
  /\.(wav|wave|w64|mp3|ogg|oga|opus|m4a|mp4|aac|flac|webm|amr|aiff?|aifc|caf|3gpp?|3g2|wma|au|snd|gsm|spx|mka|m4b|awb|mp2)$/i;
const SETTINGS = "voice.toml";
/** The service's limit. */
const LARGEST = 20 * 1024 * 1024;
const TOO_LARGE = "it has over 20 MB";

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
export async function importInto(voice: string, files: Promise<Found[]>): Promise<Imported> {
  const done: Imported = { clips: 0, settings: false, left: [] };
  const wanted = await entriesOf(await files, done);
  if (new Set(wanted.filter(({ name }) => SOUND.test(name)).map(({ name }) => folderOf(name))).size > 1) {
    throw new Error("There are recordings in several folders: a voice is one folder, so import one at a time.");
  }
  const names = new Map<string, string>();
  for (const entry of wanted) {
    const name = entry.name.slice(entry.name.lastIndexOf("/") + 1).normalize("NFC");
    const why = await one(voice, name, entry.data, names, done);
    if (!why) continue;
    // People are told of the first ones.
    if (name === SETTINGS) done.left.unshift(`${name}: ${why}`);
    else done.left.push(`${name}: ${why}`);
  }
  void work();
  return done;
}

/** What was chosen, unpacked; what is too large is left out before it fills the memory. */
async function entriesOf(files: Found[], done: Imported): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const { path, file } of files) {
    if (/\.zip$/i.test(path)) entries.push(...(await unzipped(file)));
    else if (file.size > LARGEST) done.left.push(`${file.name}: ${TOO_LARGE}`);
    else entries.push({ name: path, data: new Uint8Array(await file.arrayBuffer()) });
  }
  return entries.filter(({ name }) => !isLitter(name));
}

/** Keep one file for its upload; returns why it is left out, or nothing. `names` has the files so far, by phrase. */
async function one(
  voice: string,
  name: string,
  data: Entry["data"],
  names: Map<string, string>,
  done: Imported,
): Promise<string> {
  if (name === SETTINGS) {
    try {
      await changeVoiceSettings(voice, new TextDecoder().decode(data));
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    done.settings = true;
    return "";
  }
  if (!SOUND.test(name)) return "it does not end like a recording";
  if (!data.length) return "it is empty";
  if (data.length > LARGEST) return TOO_LARGE;
  const phrase = plainPhrase(name.replace(/\.\w+$/, ""));
  const other = names.get(phrase);
  if (other) return `it says the same as ${other}`;
  names.set(phrase, name);
  const old = clips.value.get(phrase); // it gets a new version: of two files that say the same, only one is heard
  await keep({
    voice,
    phrase,
    name: old && !recordings.value.some(({ key }) => baseName(key) === name) ? baseName(old.key) : name,
    file: new Blob([data]),
    blind: !clipsRead.value,
    state: "waiting",
    verdicts: [],
    report: [],
    at: Date.now(),
  });
  done.clips++;
  return "";
}
