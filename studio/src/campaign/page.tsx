import { useEffect } from "preact/hooks";
import { Drop } from "../parts/drop";
import { count } from "../parts/text";
import { language, nameOf, told, voice } from "../store";
import { Needed, Outcomes, Try } from "./rows";
import { Standing } from "./standing";
import {
  check,
  choose,
  column,
  current,
  file,
  enter,
  known,
  missing,
  replaces,
  sending,
  show,
  template,
} from "./state";

export function CampaignPage() {
  useEffect(enter, []);
  return (
    <>
      <Side />
      <div class="stack">
        {current.value ? <Standing one={current.value} /> : file.value ? <Prepare /> : <Begin />}
        <div class={current.value && missing.value.length ? "pair" : "stack"}>
          <div class="stack">
            {file.value && <Try />}
            {current.value && <Outcomes />}
          </div>
          {current.value && missing.value.length > 0 && <Needed />}
        </div>
      </div>
    </>
  );
}

function Side() {
  return (
    <section class="card side" aria-label="Campaigns">
      <h2 class="eyebrow">Campaigns</h2>
      <Drop
        words="Drop a table of messages here: CSV, a row for each message."
        label="Open a table"
        accept=".csv,text/csv"
        taken={choose}
      />
      <ul class="queue">
        {known.value.map((one) => (
          <li aria-current={one.id === current.value?.id ? "true" : undefined}>
            <button
              class="plain"
              onClick={() => {
                told(show(one));
              }}
            >
              <span dir="auto">{one.name}</span>
              <small>{one.state}</small>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Begin() {
  return (
    <section class="card stage empty">
      <p class="word">No table yet</p>
      <p class="sentence">
        Open a CSV file. You see which rows “{nameOf(voice.value)}” can say, hear a few of them, and record what is
        missing before anything is made.
      </p>
    </section>
  );
}

/** How rows become messages. */
function Prepare() {
  const chosen = file.value;
  if (!chosen) return null;
  const { columns, read, whole } = chosen.table;
  return (
    <section class="card" aria-label="The table">
      <div class="row">
        <h2 class="big">{chosen.name}</h2>
        <span class="chip">
          {whole ? "" : "more than "}
          {count(read, "row")}
        </span>
      </div>
      <label>
        The message is in the column
        <select
          value={column.value}
          disabled={template.value !== ""}
          onChange={(event) => (column.value = event.currentTarget.value)}
        >
          {columns.map((name) => (
            <option value={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        Or write it, with columns in braces
        <textarea
          rows={2}
          lang={language.value || undefined}
          dir="auto"
          value={template.value}
          placeholder={`hello, {${columns[0] ?? "name"}}`}
          onInput={(event) => (template.value = event.currentTarget.value)}
        />
      </label>
      <div class="chips left">
        {columns.map((name) => (
          <button class="plain near" onClick={() => (template.value += `{${name}}`)}>
            {`{${name}}`}
          </button>
        ))}
      </div>
      <div class="keys left">
        <button
          class="main"
          aria-disabled={sending.value !== null}
          onClick={() => {
            if (sending.value === null) told(check());
          }}
        >
          {sending.value === null ? "Check the table" : `Sending … ${Math.round(100 * sending.value).toString()} %`}
        </button>
        <span class="quiet">
          {replaces.value ? "There is a campaign of this name: this table takes its place." : "Nothing is made yet."}
        </span>
      </div>
    </section>
  );
}
