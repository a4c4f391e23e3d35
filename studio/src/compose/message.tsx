import { useEffect, useRef } from "preact/hooks";
import type { Plan } from "../api";
import { sounding, soundingSince } from "../audio/player";
import { Wave } from "../parts/wave";
import { language, nameOf, voice } from "../store";
import { type Piece, pieces, spans } from "./spans";
import { heard, planned, request, skip, text } from "./state";

/** The field, with what is said of it drawn under its letters. */
export function Field() {
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
export function Line({ text: message, plan }: { text: string; plan: Plan }) {
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
