import { computed, effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { type Message, type Plan, type Request, now, plan as askPlan, stitch } from "../api";
import { play, silence, sound, sounding, soundingSince } from "../audio/player";
import { settings } from "../config";
import { save } from "../parts/save";
import { Wave } from "../parts/wave";
import { recordNow } from "../record/state";
import { sentence } from "../record/script";
import { clips, language, nameOf, say, told, voice } from "../store";
import { curl, python } from "./snippets";
import { type Piece, isClip, pieces, sentenceOf, spans } from "./spans";

type Format = NonNullable<Request["format"]>;

/** Where most messages are played; the service knows the format of each. */
const PLACES: [Format, string][] = [
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
const format = signal<Format>("mp3");
const skip = signal(false);
/** The plan, and the message that it is for. */
const planned = signal<{ text: string; plan: Plan } | null>(null);
const refusal = signal("");
const heard = signal<{ key: string; message: Message; samples: Float32Array } | null>(null);

const request = computed<Request>(() => ({
  message: text.value,
  ...(voice.value ? { voice: voice.value } : {}),
  ...(skip.value ? { missing: "skip" } : {}),
}));
/** The same for the place where it will be played. Browsers do not play what telephones do: they hear MP3. */
const taken = computed<Request>(() => ({
  ...request.value,
  ...(format.value === "mp3" ? {} : { format: format.value }),
}));
const hasWords = computed(() => text.value.trim() !== "");
const isReady = computed(() => {
  const found = planned.value;
  return found?.text === text.value && found.plan.segments.length > 0 && (skip.value || !found.plan.missing.length);
});

let asking: AbortController | undefined;

/** Plan what is written, when the last key was some time ago. */
effect(() => {
  // The clips, too: a word that was just recorded is no longer missing.
  const [wanted] = [request.value, clips.value];
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

async function listen(): Promise<void> {
  if (sounding.value === "message") {
    silence();
    return;
  }
  const { buffer } = await made(request.value);
  await play("message", [buffer]);
}

/** The message in the chosen format; says what the service warns of. */
async function take(): Promise<Message> {
  const message = await stitch(taken.value);
  if (message.warnings.length) say(message.warnings.join("; "));
  return message;
}

async function download(): Promise<void> {
  const { public_url, output_file } = await take();
  const answer = await fetch(public_url);
  const name = text.value.trim().replace(/[^\p{L}\p{M}\p{N}]+/gu, "_");
  save(await answer.blob(), (name.slice(0, 60) || "message") + output_file.slice(output_file.lastIndexOf(".")));
}

const copy = (work: Promise<string>, said: string) => {
  told(
    work
      .then((found) => navigator.clipboard.writeText(found))
      .then(() => {
        say(said);
      }),
  );
};

export function ComposePage() {
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && isReady.value) {
        event.preventDefault();
        told(listen());
      }
    };
    addEventListener("keydown", keys);
    return () => {
      removeEventListener("keydown", keys);
    };
  }, []);
  return (
    <main class="three" id="main">
      <h1 class="hidden">Compose</h1>
      <section class="card message-card" aria-label="Message">
        <Field />
        {planned.value && <Line {...planned.value} />}
        <Actions />
        {planned.value && <Table {...planned.value} />}
      </section>
      <aside>
        <section class="card" aria-label="Format">
          <h2 class="eyebrow">Plays on</h2>
          <div class="chips left" role="radiogroup" aria-label="Format">
            {PLACES.map(([name, title]) => (
              <label class="choice">
                <input
                  type="radio"
                  name="format"
                  value={name}
                  checked={format.value === name}
                  onChange={() => (format.value = name)}
                />
                <span class="chip">{title}</span>
              </label>
            ))}
          </div>
        </section>
        <section class="card" aria-label="Take it along">
          <h2 class="eyebrow">Take it along</h2>
          <button
            disabled={!isReady.value}
            onClick={() => {
              told(download());
            }}
          >
            Download
          </button>
          <button
            disabled={!isReady.value}
            onClick={() => {
              copy(
                take().then(({ public_url }) => public_url),
                "The link is copied. It lasts 15 minutes.",
              );
            }}
          >
            Copy link · lasts 15 minutes
          </button>
          <button
            disabled={!hasWords.value}
            onClick={() => {
              copy(
                settings().then((found) => curl(taken.value, found)),
                "Copied: paste it into a shell that has AWS credentials.",
              );
            }}
          >
            Copy as curl
          </button>
          <button
            disabled={!hasWords.value}
            onClick={() => {
              copy(
                settings().then((found) => python(taken.value, found)),
                "Copied: it needs boto3 and AWS credentials.",
              );
            }}
          >
            Copy as Python
          </button>
        </section>
      </aside>
    </main>
  );
}

/** The field, with what is said of it drawn under its letters. */
function Field() {
  const field = useRef<HTMLTextAreaElement>(null);
  const drawn = planned.value;
  useEffect(() => {
    if (drawn) performance.mark("plan-shown"); // tools/bench/studio.py
  }, [drawn]);
  // While a new plan is asked for, the old one's marks would stand at the wrong letters.
  const marks =
    drawn?.text === text.value ? spans(text.value, drawn.plan) : [{ text: text.value, kind: "plain" as const }];
  return (
    <>
      <label class="eyebrow" for="message">
        Message
      </label>
      <div class="message">
        <div class="marks" aria-hidden="true" lang={language.value || undefined} dir="auto">
          {marks.map(({ text: stretch, kind }) => (kind === "plain" ? stretch : <span class={kind}>{stretch}</span>))}
          {"\u200b"}
        </div>
        <textarea
          id="message"
          ref={field}
          lang={language.value || undefined}
          dir="auto"
          maxLength={2000}
          rows={1}
          spellcheck={false}
          placeholder={`Write what ${voice.value ? `“${nameOf(voice.value)}”` : "the default voice"} will say`}
          value={text.value}
          onInput={(event) => {
            performance.mark("key");
            text.value = event.currentTarget.value;
            skip.value = false;
          }}
        />
      </div>
    </>
  );
}

/** What is heard, from left to right, as wide as it is long. */
function Line({ text: message, plan }: { text: string; plan: Plan }) {
  const sounds = heard.value?.key === JSON.stringify(request.value) ? heard.value.samples : null;
  const all = pieces(message, plan);
  return (
    <div
      class="line"
      lang={language.value || undefined}
      role="img"
      aria-label={`Heard in this order: ${all
        .filter(({ kind }) => kind !== "pause")
        .map((piece) => (piece.kind === "missing" ? `${piece.text}, which is missing` : piece.text))
        .join("; ")}`}
    >
      {all.map((piece) => (
        <Segment piece={piece} sounds={sounds} />
      ))}
      {sounding.value === "message" && (
        <div class="head" style={{ animationDuration: `${soundingSince.value.seconds.toFixed(2)}s` }} />
      )}
    </div>
  );
}

function Segment({ piece, sounds }: { piece: Piece; sounds: Float32Array | null }) {
  if (piece.kind === "pause")
    return (
      <div class="gap" style={{ flexGrow: (piece.ms ?? 0) / 400 }}>
        {(piece.ms ?? 0) >= 200 ? piece.ms : ""}
      </div>
    );
  if (piece.kind === "missing")
    return (
      <div class="seg miss" dir="auto">
        {piece.text}
      </div>
    );
  const part = sounds && piece.ms !== null ? sounds.subarray(48 * piece.at, 48 * (piece.at + piece.ms)) : null;
  return (
    <div class={`seg ${piece.kind}`} style={{ flexGrow: (piece.ms ?? 600) / 100 }}>
      <small dir="auto">{piece.text}</small>
      {part && <Wave samples={part} ink={piece.kind === "read" ? "--sky" : "--leaf"} label="" />}
    </div>
  );
}

function Actions() {
  const found = planned.value;
  const missing = found?.plan.missing ?? [];
  const isPlaying = sounding.value === "message";
  return (
    <div class="keys left">
      <button
        class="main"
        disabled={!isReady.value}
        onClick={() => {
          told(listen());
        }}
      >
        {isPlaying ? "■ Stop" : "▶ Listen"}
        <kbd>Ctrl Enter</kbd>
      </button>
      {missing.slice(0, missing.length > 2 ? 1 : 2).map((word) => (
        <button
          class="rec"
          onClick={() => {
            told(record([word]));
          }}
        >
          ● Record “<bdi lang={language.value || undefined}>{word}</bdi>”
        </button>
      ))}
      {missing.length > 2 && (
        <button
          class="rec"
          onClick={() => {
            told(record(missing));
          }}
        >
          ● Record all {missing.length}
        </button>
      )}
      {missing.length > 0 && (
        <button aria-pressed={skip.value} onClick={() => (skip.value = !skip.value)}>
          {skip.value ? "Do not skip" : missing.length > 1 ? "Skip them" : "Skip it"}
        </button>
      )}
      <p class="quiet" role="status" aria-live="polite">
        {refusal.value ? <span class="chip bad">{refusal.value}</span> : found && <Sum plan={found.plan} />}
      </p>
    </div>
  );
}

/** Show words on the page Record, each in its sentence. */
async function record(words: string[]): Promise<void> {
  const items = words.map((word) => ({
    phrase: word,
    example: sentence(sentenceOf(text.value, word), word),
    messages: 0,
  }));
  await recordNow(items);
}

function Sum({ plan }: { plan: Plan }) {
  const said = [
    plan.duration_ms === null ? "" : `${(plan.duration_ms / 1000).toFixed(1)} s`,
    plan.path ?? "",
    plan.missing.length
      ? `${plan.missing.length.toString()} ${plan.missing.length > 1 ? "words are" : "word is"} missing`
      : "",
  ];
  return <>{said.filter(Boolean).join(" · ")}</>;
}

/** The parts that need a word of explanation: read numbers, missing words. */
function Table({ text: message, plan }: { text: string; plan: Plan }) {
  const read = new Map<string, { text: string; clips: string[]; why: string; ms: number }>();
  for (const segment of plan.segments.filter(isClip)) {
    if (!segment.why) continue;
    const key = `${String(segment.start)}-${String(segment.end)}-${segment.why}`;
    const row = read.get(key) ?? { text: segment.text ?? "", clips: [], why: segment.why, ms: 0 };
    row.clips.push(segment.phrase);
    row.ms += segment.duration_ms ?? 0;
    read.set(key, row);
  }
  if (!read.size && !plan.missing.length && !plan.decoration.length) return null;
  const tag = language.value || undefined;
  const said = new Set(spans(message, plan).map(({ word }) => word));
  const replaced = (word: string, by: string) => () => {
    text.value = message.replace(word, by);
  };
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">says</th>
          <th scope="col">clip</th>
          <th scope="col">why</th>
          <th scope="col">ms</th>
        </tr>
      </thead>
      <tbody>
        {[...read.values()].map((row) => (
          <tr>
            <td lang={tag} dir="auto">
              {row.text}
            </td>
            <td lang={tag} dir="auto">
              {row.clips.join(" · ")}
            </td>
            <td>{row.why}</td>
            <td>{row.ms ? row.ms.toLocaleString("en") : "–"}</td>
          </tr>
        ))}
        {plan.missing.map((word) => (
          <tr>
            <td lang={tag} dir="auto">
              {word}
            </td>
            <td class="lack">no clip</td>
            <td>
              {plan.unsure[word] ??
                (plan.suggestions[word]?.length
                  ? "did you mean "
                  : said.has(word)
                    ? "record it, or write it in another way"
                    : "a number needs it: record it")}
              {plan.suggestions[word]?.map((near) => (
                <button class="plain near" lang={tag} onClick={replaced(word, near)}>
                  {near}
                </button>
              ))}
              {plan.suggestions[word]?.length ? "?" : ""}
            </td>
            <td>–</td>
          </tr>
        ))}
        {plan.decoration.map((sign) => (
          <tr>
            <td>{sign}</td>
            <td>–</td>
            <td>only decorates: it is not said</td>
            <td>–</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
