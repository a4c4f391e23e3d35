import { useEffect, useRef } from "preact/hooks";
import { focusOn } from "../parts/focus";
import { textOf } from "../parts/csv";
import { count } from "../parts/text";
import { direction, language, say, told } from "../store";
import { type Item, type Take } from "../takes";
import { progress } from "../uploads";
import { parse } from "./script";
import * as record from "./state";

/** Rows that are drawn: a list may have thousands. */
const SHOWN = 200;

export function QueueCard() {
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
      <ol class="queue" onKeyDown={arrows} lang={language.value || undefined} dir={direction.value} ref={list}>
        {record.items.value.slice(first, first + SHOWN).map((item, i) => (
          <Row
            item={item}
            key={item.phrase}
            isCurrent={first + i === record.at.value}
            onPick={() => {
              record.move(first + i);
              focusOn(".stage");
            }}
          />
        ))}
      </ol>
      <AddWords />
    </section>
  );
}

/** The list is one stop for Tab, at the word that is shown; the arrows go from word to word. */
function arrows(event: KeyboardEvent): void {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  record.move(record.at.value + by);
  focusOn(".queue [aria-current] button");
}

function Row({ item, isCurrent, onPick }: { item: Item; isCurrent: boolean; onPick: () => void }) {
  const take = record.takes.value.get(item.phrase);
  const [kind, said] = standing(take);
  return (
    <li class={kind} aria-current={isCurrent ? "true" : undefined}>
      <button class="plain" onClick={onPick} tabIndex={isCurrent ? 0 : -1}>
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
    if (whole.current) whole.current.open = false;
    focusOn(".stage"); // where the keys of the page work
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
        textOf(first).then((words) => {
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
