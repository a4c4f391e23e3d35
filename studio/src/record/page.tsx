import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { sounding } from "../audio/player";
import { Wave } from "../parts/wave";
import { Example } from "../parts/text";
import { clips, direction, language, nameOf, page, say, told, voice } from "../store";
import { type Item, type Take } from "../takes";
import { pending, progress } from "../uploads";
import * as record from "./state";
import { parse } from "./script";

export function RecordPage() {
  useEffect(() => {
    told(record.open());
  }, [voice.value]);
  // Before the page is drawn: who sees it may press a key at once.
  useLayoutEffect(() => {
    addEventListener("keydown", keys);
    return () => {
      removeEventListener("keydown", keys);
      record.closeMicrophone();
    };
  }, []);
  return (
    <main class="two" id="main">
      <h1 class="hidden">Record</h1>
      <QueueCard />
      {record.current.value ? <Stage item={record.current.value} /> : <Empty />}
    </main>
  );
}

/** Keys of the page, where no field has the focus. */
function keys(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (target.closest("input, textarea, select, dialog, summary")) return;
  // A focused button keeps Enter and Space for itself; a link keeps Enter, but the one that leads here.
  const keeps = event.key === "Enter" ? "button, a:not([aria-current])" : event.key === " " ? "button" : null;
  if (keeps && target.closest(keeps)) return;
  const act: Record<string, () => void> = {
    " ": () => void record.toggle(),
    Enter: () => void record.accept(),
    r: () => void record.toggle(),
    p: () => {
      told(record.hearInSentence());
    },
    l: record.hearTake,
    b: () => {
      told(record.hearOld());
    },
    ArrowLeft: () => {
      record.move(record.at.value - 1);
    },
    ArrowRight: () => {
      record.move(record.at.value + 1);
    },
  };
  const found = act[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!found || page.value !== "record") return;
  event.preventDefault();
  found();
}

/** Rows that are drawn: a list may have thousands. */
const SHOWN = 200;

function QueueCard() {
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [record.at.value, record.items.value]);
  const first = Math.max(0, record.at.value - SHOWN / 4);
  const unlock = record.items.value.reduce((sum, item) => sum + item.messages, 0);
  return (
    <section class="card queue-card" aria-label="Words to record">
      <h2 class="eyebrow">To record</h2>
      {record.items.value.length > 0 && (
        <p class="quiet">
          From <b>{record.from.value}</b>: {count(record.items.value.length, "word")}
          {unlock > 0 && <> for {unlock.toLocaleString("en")} messages</>}
        </p>
      )}
      <ol class="queue" lang={language.value || undefined} dir={direction.value} ref={list}>
        {record.items.value.slice(first, first + SHOWN).map((item, i) => (
          <Row
            item={item}
            key={item.phrase}
            isCurrent={first + i === record.at.value}
            onPick={() => {
              record.move(first + i);
            }}
          />
        ))}
      </ol>
      <AddWords />
    </section>
  );
}

function Row({ item, isCurrent, onPick }: { item: Item; isCurrent: boolean; onPick: () => void }) {
  const take = record.takes.value.get(item.phrase);
  const [kind, said] = standing(take);
  return (
    <li class={kind} aria-current={isCurrent ? "true" : undefined}>
      <button class="plain" onClick={onPick}>
        <i class="dot" aria-hidden="true" />
        <span dir="auto">{item.phrase}</span>
        <small lang="en">{said || (item.messages ? item.messages.toLocaleString("en") : "")}</small>
      </button>
    </li>
  );
}

/** How a take stands, as a colour and as a word. */
function standing(take: Take | undefined): [string, string] {
  if (!take) return ["", ""];
  if (take.state === "refused") return ["bad", "refused"];
  if (take.report.length || take.verdicts.some(({ kind }) => kind !== "good")) return ["poor", "poor"];
  if (take.state === "waiting") {
    const share = take.id === undefined ? undefined : progress.value.get(take.id);
    return ["done", share === undefined ? "waiting" : `${Math.round(100 * share).toString()} %`];
  }
  return ["done", take.state === "ready" ? "ready" : "sent"];
}

function AddWords() {
  const text = useRef<HTMLTextAreaElement>(null);
  const whole = useRef<HTMLDetailsElement>(null);
  const added = () => {
    // The keys of the page work on its words again.
    if (whole.current) whole.current.open = false;
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  };
  const add = (words: string, name: string, anew = false) => {
    const found = parse(words);
    if (!found.length) {
      say("There are no words in it: write one on each line.");
      return;
    }
    added();
    told(record.add(found, name, { anew }));
  };
  const file = (files: FileList | null | undefined) => {
    const [first] = files ?? [];
    if (first)
      told(
        first.text().then((words) => {
          add(words, first.name, true);
        }),
      );
  };
  const starter = () => {
    const tag = language.value.toLowerCase();
    const address = (name: string) => fetch(`starter/${name}.json`);
    told(
      address(tag)
        .then((answer) => (answer.ok ? answer : address(tag.split("-")[0] ?? "")))
        .then(async (answer) => {
          if (!answer.ok)
            throw new Error("There is no starter list: set the language of this voice on the page Voices.");
          await record.add((await answer.json()) as Item[], "the starter list");
          added();
        }),
    );
  };
  return (
    <details class="add" ref={whole} open={record.items.value.length === 0}>
      <summary>Add words</summary>
      <label>
        One word or phrase on each line
        <textarea ref={text} rows={4} lang={language.value || undefined} dir="auto" />
      </label>
      <div class="row">
        <button
          class="main"
          onClick={() => {
            add(text.current?.value ?? "", "typed words");
            if (text.current) text.current.value = "";
          }}
        >
          Add them
        </button>
        <label class="button">
          Open a script
          <input
            type="file"
            accept=".csv,.txt"
            class="hidden"
            onChange={(event) => {
              file(event.currentTarget.files);
            }}
          />
        </label>
      </div>
      <button onClick={starter}>Numbers, dates and times of this language</button>
      {record.items.value.length > 0 && (
        <button
          onClick={() => {
            told(record.clear());
          }}
        >
          Empty the list
        </button>
      )}
    </details>
  );
}

function Empty() {
  return (
    <section class="card stage empty">
      <p class="word">Nothing to record</p>
      <p class="sentence">
        Type words, open a recording script, or write a message on the page <a href="#/compose">Compose</a>: what it
        lacks can be recorded from there. “{nameOf(voice.value)}” has {count(clips.value.size, "clip")}.
      </p>
    </section>
  );
}

function Stage({ item }: { item: Item }) {
  const made = record.recording.value;
  const total = record.items.value.length;
  const take = record.takes.value.get(item.phrase);
  return (
    <section class={`card stage${record.live.value ? " live" : ""}`} aria-label="Recording">
      <div>
        <div
          class="progress"
          role="progressbar"
          aria-label="Words recorded"
          aria-valuemin={0}
          aria-valuemax={total}
          aria-valuenow={record.done.value}
        >
          <i style={{ width: `${((100 * record.done.value) / total).toFixed(1)}%` }} />
        </div>
        <p class="quiet">
          {record.done.value === total
            ? `All ${count(total, "word")} recorded${pending.value ? ` · ${pending.value.toString()} waiting to upload` : ""}`
            : `${record.done.value.toString()} of ${total.toString()} · about ${count(record.minutesLeft.value, "minute")} left`}
        </p>
      </div>
      <p
        class="word"
        lang={language.value || undefined}
        dir="auto"
        style={{ "--letters": Array.from(item.phrase).length }}
      >
        {item.phrase}
      </p>
      {item.example.length > 0 && <Example pieces={item.example} lang={language.value} />}
      <Scope made={made} />
      <Meter />
      <div class="chips" role="status" aria-live="polite">
        {record.microphone.value && <span class="chip bad">{record.microphone.value}</span>}
        {record.live.value && <LiveChip />}
        {made?.verdicts.map(({ kind, text }) => (
          <span class={`chip ${kind}`}>{text}</span>
        ))}
        {!made && !record.live.value && take && <Report take={take} />}
      </div>
      <Buttons
        made={made !== null}
        heard={(made?.heard.end ?? 0) > 0}
        inSentence={item.example.some(([, mark]) => mark)}
      />
      <p class="quiet keys-said">Space starts and stops · recording stops by itself after silence · ← → to move</p>
    </section>
  );
}

/** What the service found after the upload. */
function Report({ take }: { take: Take }) {
  const [kind, said] = {
    waiting: ["", "Kept on this device: it uploads by itself"],
    uploaded: ["", "Uploaded: the service looks at it"],
    ready: ["good", "The service has it, and it is ready"],
    refused: ["bad", "The service refused it"],
  }[take.state] as [string, string];
  return (
    <>
      <span class={`chip ${kind}`}>{said}</span>
      {take.report.map((reason) => (
        <span class={`chip ${take.state === "refused" ? "bad" : "poor"}`}>{reason}</span>
      ))}
    </>
  );
}

function Scope({ made }: { made: record.Recording | null }) {
  if (!made) {
    return (
      <div class="wave waiting" role="img" aria-label={record.live.value ? "Recording" : "No recording yet"}>
        <span>{record.live.value ? "Speak now" : "Your recording appears here"}</span>
      </div>
    );
  }
  const { samples, heard } = made;
  const seconds = ((heard.to - heard.from) / 48_000).toFixed(1);
  return (
    <Wave
      samples={samples}
      from={heard.from}
      to={heard.to}
      label={`The recording: ${seconds} seconds are kept, the hatched ends are trimmed`}
    />
  );
}

function Meter() {
  const { db, most } = record.meter.value;
  const share = (value: number) => `${Math.max(0, Math.min(100, 100 + (100 * value) / 60)).toFixed(0)}%`;
  return (
    <div class="meter" aria-hidden="true">
      <i style={{ clipPath: `inset(0 calc(100% - ${share(db)}) 0 0 round 5px)` }} />
      <b style={{ left: share(20 * Math.log10(Math.max(most, 0.001))) }} />
    </div>
  );
}

function LiveChip() {
  const { most } = record.meter.value;
  if (most >= 0.985) return <span class="chip bad">Too loud: move back a little</span>;
  return <span class="chip bad live-dot">● Recording</span>;
}

function Buttons({ made, heard, inSentence }: { made: boolean; heard: boolean; inSentence: boolean }) {
  const press = (act: () => unknown) => (event: { currentTarget: HTMLButtonElement }) => {
    event.currentTarget.blur(); // so that the keys of the page work again
    const done = act();
    if (done instanceof Promise) told(done);
  };
  const old = record.existing.value;
  return (
    <div class="keys">
      <button class="rec" onClick={press(record.toggle)} aria-pressed={record.live.value}>
        {record.live.value ? "■ Stop" : made ? "● Record again" : "● Record"}
        <kbd>{made ? "R" : "Space"}</kbd>
      </button>
      {made && heard && (
        <button onClick={press(inSentence ? record.hearInSentence : record.hearTake)}>
          {sounding.value === "sentence" || sounding.value === "take" ? "♪" : "▶"}{" "}
          {inSentence ? "In its sentence" : "Listen"}
          <kbd>{inSentence ? "P" : "L"}</kbd>
        </button>
      )}
      {old && (
        <button onClick={press(record.hearOld)}>
          {sounding.value === "old" ? "♪" : "▶"} The old recording<kbd>B</kbd>
        </button>
      )}
      {made && heard && (
        <button class="main" onClick={press(record.accept)}>
          Keep and go on<kbd>Enter</kbd>
        </button>
      )}
    </div>
  );
}

const count = (number: number, what: string) => `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
