import { sounding } from "../audio/player";
import { focusOn } from "../parts/focus";
import { Example, count, placeOf } from "../parts/text";
import { Wave } from "../parts/wave";
import { language, told } from "../store";
import { type Item, type Take } from "../takes";
import { pending } from "../uploads";
import { hearInSentence, hearOld, hearTake } from "./hear";
import * as record from "./state";

export function Stage({ item }: { item: Item }) {
  const made = record.recording.value;
  const total = record.items.value.length;
  const take = record.takes.value.get(item.phrase);
  return (
    <section class={`card stage${record.live.value ? " live" : ""}`} aria-label="Recording" tabIndex={-1}>
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
        aria-live="polite"
        lang={language.value || undefined}
        dir="auto"
        style={{ "--letters": Array.from(item.phrase).length }}
      >
        {item.phrase}
      </p>
      {record.existing.value?.take && <p class="quiet">as it is said {placeOf(record.existing.value)} of a sentence</p>}
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
  const press = (act: () => unknown) => () => {
    const done = act();
    focusOn(".stage"); // where the keys of the page work: the button may be gone, or would take them
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
        <button onClick={press(inSentence ? hearInSentence : hearTake)}>
          {sounding.value === "sentence" || sounding.value === "take" ? "♪" : "▶"}{" "}
          {inSentence ? "In its sentence" : "Listen"}
          <kbd>{inSentence ? "P" : "L"}</kbd>
        </button>
      )}
      {old && (
        <button onClick={press(hearOld)}>
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
