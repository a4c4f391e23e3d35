import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import {
  type Picture,
  type PictureEntry,
  createPicture,
  now,
  picture as askPicture,
  pictures as listPictures,
  postForm,
} from "../api";
import { play, sound, sounding } from "../audio/player";
import { Drop } from "../parts/drop";
import { focusOn } from "../parts/focus";
import { Wave } from "../parts/wave";
import { looked, say, told } from "../store";

/** Between looks: soon at first, then less often. A model takes seconds; a queue may take minutes. */
const FIRST_LOOK_MS = 300;
const LAST_LOOK_MS = 3000;
const FAILED_LOOK_MS = 10_000;
const PATIENCE_MS = 10 * 60_000;

const prompt = signal("");
const known = signal<PictureEntry[]>([]);
const current = signal<Picture | null>(null);
/** What this browser sent, to show it: the service gives no picture back. */
const shown = signal<{ id: string; url: string } | null>(null);
const busy = signal("");

/** The spoken answer of the current picture, to draw it. */
const spoken = signal<{ id: string; buffer: AudioBuffer } | null>(null);
let following = 0;

async function list(): Promise<void> {
  known.value = (await listPictures(prompt.value)).reverse();
}

async function send(files: FileList | null | undefined): Promise<void> {
  const [data] = files ?? [];
  if (!data) return;
  busy.value = "Sending …";
  try {
    const made = await createPicture({
      name: Array.from(data.name).slice(-120).join(""),
      size: data.size,
      ...(prompt.value ? { prompt: prompt.value } : {}),
    });
    if (shown.value) URL.revokeObjectURL(shown.value.url);
    shown.value = { id: made.id, url: data.type.startsWith("image/") ? URL.createObjectURL(data) : "" };
    await postForm(made.upload, data, (share) => (busy.value = `Sending … ${Math.round(100 * share).toString()} %`));
    busy.value = "The model looks at it …";
    await follow(made.id);
    busy.value = current.value?.id === made.id ? `${data.name}: ${current.value.state}` : "";
  } catch (error) {
    busy.value = "";
    throw error;
  }
  await list();
}

/** Show a picture, until everything about it is known. */
async function follow(id: string, isChosen = false): Promise<void> {
  const mine = ++following;
  const began = performance.now();
  for (let ms = FIRST_LOOK_MS; performance.now() - began < PATIENCE_MS; ms = Math.min(1.3 * ms, LAST_LOOK_MS)) {
    const found = await looked(askPicture(id));
    if (mine !== following) return; // another one is looked at
    if (!found) {
      await new Promise((resolve) => setTimeout(resolve, FAILED_LOOK_MS));
      continue;
    }
    current.value = found;
    if (isChosen) focusOn(".detail");
    isChosen = false;
    if (found.audio_url) {
      const buffer = await soundOf(found);
      if (mine === following) spoken.value = { id, buffer };
    }
    const isSpoken = found.audio_url !== null || found.say === null || found.unsaid !== null;
    if (!["waiting", "working"].includes(found.state) && isSpoken) return;
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
  say("There is no answer yet: look at this picture again later.");
}

/** The spoken answer; the link is asked for anew where it has ended. */
function soundOf(one: Picture): Promise<AudioBuffer> {
  return sound(`picture ${one.id}`, async () => {
    const lasts = Date.parse(one.audio_expires_at ?? "") > now();
    return (lasts ? one.audio_url : (await askPicture(one.id)).audio_url) ?? "";
  });
}

async function hear(one: Picture): Promise<void> {
  await play(one.id, [await soundOf(one)]);
}

/** A value of an answer, for people. */
function written(value: unknown): string {
  if (value === null || value === "") return "–";
  if (Array.isArray(value)) return value.map(written).join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function PicturesPage() {
  useEffect(() => {
    told(list());
  }, []);
  return (
    <>
      <section class="card side" aria-label="Pictures">
        <h2 class="eyebrow">Pictures</h2>
        <label>
          Question (a prompt's id)
          <input
            value={prompt.value}
            placeholder="the default one"
            list="prompts"
            onChange={(event) => {
              prompt.value = event.currentTarget.value.trim();
              told(list());
            }}
          />
        </label>
        <datalist id="prompts">
          {[...new Set(known.value.map((one) => one.prompt))].filter(Boolean).map((one) => (
            <option value={one} />
          ))}
        </datalist>
        <Drop
          words="Drop a photo or a PDF here. Name no person in its file name."
          label="Open a picture"
          accept="image/*,.pdf"
          taken={send}
        />
        <p class="quiet" role="status">
          {busy.value}
        </p>
        <ul class="queue">
          {known.value.slice(0, 50).map((one) => (
            <li aria-current={one.id === current.value?.id ? "true" : undefined}>
              <button
                class="plain"
                onClick={() => {
                  told(follow(one.id, true));
                }}
              >
                <span dir="auto">{one.name}</span>
                <small>{one.state}</small>
              </button>
            </li>
          ))}
        </ul>
      </section>
      {current.value ? <Answer one={current.value} /> : <Begin />}
    </>
  );
}

function Begin() {
  return (
    <section class="card stage empty">
      <p class="word">No picture yet</p>
      <p class="sentence">Open one: a model answers the question about it, and the answer is checked and said aloud.</p>
    </section>
  );
}

function Answer({ one }: { one: Picture }) {
  return (
    <section class="card detail" aria-label="The answer" tabIndex={-1}>
      <div class="row">
        <h2 class="big" dir="auto">
          {one.name}
        </h2>
        <span class={`chip ${{ answered: "good", rejected: "bad", failed: "bad" }[one.state as string] ?? ""}`}>
          {one.state}
        </span>
        {one.confidence && (
          <span class={`chip ${one.confidence === "low" ? "poor" : ""}`}>confidence: {one.confidence}</span>
        )}
        {one.match && <span class={`chip ${one.match === "match" ? "good" : "poor"}`}>{one.match}</span>}
      </div>
      {shown.value?.id === one.id && shown.value.url && (
        <img
          class="picture"
          src={shown.value.url}
          alt="The picture that you sent"
          onError={() => (shown.value = null)} // browsers do not show every kind
        />
      )}
      {one.detail && <p class="chip bad">{one.detail}</p>}
      {one.answer && (
        <table>
          <tbody>
            {Object.entries(one.answer).map(([field, value]) => (
              <tr>
                <th scope="row">{field.replaceAll("_", " ")}</th>
                <td dir="auto">{written(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {one.say && (
        <p class="sentence" dir="auto">
          “{one.say}”
        </p>
      )}
      {spoken.value?.id === one.id && (
        <Wave samples={spoken.value.buffer.getChannelData(0)} label="The spoken answer" />
      )}
      {one.audio_url && (
        <div class="keys left">
          <button
            class="main"
            onClick={() => {
              told(hear(one));
            }}
          >
            {sounding.value === one.id ? "♪ " : "▶ "}Listen
          </button>
        </div>
      )}
      {one.unsaid && <p class="quiet">Not said aloud: {one.unsaid}</p>}
      {one.model && (
        <p class="quiet">
          Asked: {one.model}
          {one.cost_usd !== null && ` · about $${one.cost_usd.toFixed(4)}`}
        </p>
      )}
    </section>
  );
}
