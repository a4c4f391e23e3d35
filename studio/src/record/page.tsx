import { useEffect, useLayoutEffect } from "preact/hooks";
import { count } from "../parts/text";
import { clips, nameOf, page, told, voice } from "../store";
import { QueueCard } from "./queue";
import { Stage } from "./stage";
import { hearInSentence, hearOld, hearTake } from "./hear";
import * as record from "./state";

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
    <>
      <QueueCard />
      {record.current.value ? <Stage item={record.current.value} /> : <Empty />}
    </>
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
      told(hearInSentence());
    },
    l: hearTake,
    b: () => {
      told(hearOld());
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
