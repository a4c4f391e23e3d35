import type { Plan } from "../api";
import { sounding } from "../audio/player";
import { sentence } from "../record/script";
import { recordNow } from "../record/state";
import { language, told } from "../store";
import { sentenceOf } from "./spans";
import { isReady, listen, planned, refusal, skip, text } from "./state";

export function Actions() {
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
