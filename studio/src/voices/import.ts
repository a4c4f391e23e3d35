import { keep } from "../takes";
import { changeVoiceSettings } from "../api";
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

/** Every file of what was dropped: files, folders and zip files. */
export async function dropped(transfer: DataTransfer): Promise<File[]> {
  // The list is empty after the first wait.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return (await Promise.all(entries.map(inside))).flat();
}

async function inside(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile)
    return [
      await new Promise<File>((resolve, reject) => {
        (entry as FileSystemFileEntry).file(resolve, reject);
      }),
    ];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (!some.length) return found;
    for (const one of some) found.push(...(await inside(one)));
  }
}

/** Queue recordings for upload as clips of a voice, and write its settings if they are among them. */
export async function importInto(voice: string, files: File[]): Promise<Imported> {
  const done: Imported = { clips: 0, settings: false, left: [] };
  for (const file of files) {
    const entries: Entry[] = /\.zip$/i.test(file.name)
      ? await unzipped(file)
      : [{ name: file.name, data: new Uint8Array(await file.arrayBuffer()) }];
    for (const entry of entries) await one(voice, entry, done);
  }
  void work();
  return done;
}

async function one(voice: string, { name: path, data }: Entry, done: Imported): Promise<void> {
  const name = path.slice(path.lastIndexOf("/") + 1).normalize("NFC");
  if (name.startsWith("._") || name === ".DS_Store" || path.startsWith("__MACOSX/")) return;
  if (name === SETTINGS) {
    await changeVoiceSettings(voice, new TextDecoder().decode(data));
    done.settings = true;
  } else if (!SOUND.test(name)) {
    done.left.push(`${name}: it does not end like a recording`);
  } else if (data.length > LARGEST) {
    done.left.push(`${name}: it has over 20 MB`);
  } else {
    const phrase = name.replace(/\.\w+$/, "").replaceAll("_", " ");
    await keep({
      voice,
      phrase,
      name,
      file: new Blob([data]),
      state: "waiting",
      verdicts: [],
      report: [],
      at: Date.now(),
    });
    done.clips++;
  }
}
