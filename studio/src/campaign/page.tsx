import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import {
  type Campaign,
  campaign as askCampaign,
  campaigns as listCampaigns,
  checkCampaign,
  createCampaign,
  postForm,
  runCampaign,
  stitch,
} from "../api";
import { play, sound } from "../audio/player";
import { Drop } from "../parts/drop";
import { Listen } from "../parts/listen";
import { save } from "../parts/save";
import { type Item } from "../takes";
import { add, open as openQueue } from "../record/state";
import { parse } from "../record/script";
import { go, language, nameOf, say, told, voice } from "../store";
import { type Made, type Refused, type Table, messageOf, outcomesIn, tableOf } from "./table";

/** Between looks at a run: soon at first, then less often. */
const FIRST_LOOK_MS = 300;
const LAST_LOOK_MS = 3000;

const known = signal<Campaign[]>([]);
const current = signal<Campaign | null>(null);
const file = signal<{ name: string; table: Table; data: File } | null>(null);
const column = signal("");
const template = signal("");
const missing = signal<Item[]>([]);
const outcomes = signal<{ made: Made[]; refused: Refused[] }>({ made: [], refused: [] });
const sending = signal<number | null>(null);

async function list(): Promise<void> {
  known.value = await listCampaigns();
}

async function choose(files: FileList | null | undefined): Promise<void> {
  const [data] = files ?? [];
  if (!data) return;
  const table = await tableOf(data);
  if (table.read < 1)
    throw new Error("There are no rows in it: the first row names the columns, and each other row is a message.");
  file.value = { name: data.name, table, data };
  column.value = table.columns.find((name) => name.toLowerCase() === "message") ?? table.columns[0] ?? "";
  template.value = "";
  current.value = null;
}

/** A file's name as that of a campaign. */
const nameOfCampaign = (name: string) =>
  Array.from(name.replace(/\.\w+$/, ""))
    .slice(0, 64)
    .join("");

/** Send the table, and let the service plan all of its rows. */
async function check(): Promise<void> {
  const chosen = file.value;
  if (!chosen) return;
  sending.value = 0;
  try {
    const made = await createCampaign({
      name: nameOfCampaign(chosen.name),
      voice: voice.value,
      ...(template.value ? { template: template.value } : { column: column.value }),
    });
    if (made.upload) await postForm(made.upload, chosen.data, (share) => (sending.value = share));
    current.value = await checkCampaign(made.id);
  } finally {
    sending.value = null;
  }
  await follow();
}

/** Check or run all rows of the campaign again: what is made is kept. */
async function begin(how: typeof runCampaign): Promise<void> {
  if (!current.value) return;
  current.value = await how(current.value.id);
  await follow();
}

let following = 0;

/** Look at the campaign until its run has ended. */
async function follow(): Promise<void> {
  const mine = ++following;
  for (let ms = FIRST_LOOK_MS; current.value?.state === "running" && mine === following;) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    ms = Math.min(1.3 * ms, LAST_LOOK_MS);
    const found = await askCampaign(current.value.id);
    if (mine === following) current.value = found;
  }
  if (mine === following) await Promise.all([readMissing(), readOutcomes(), list()]);
}

async function show(one: Campaign): Promise<void> {
  current.value = await askCampaign(one.id);
  if (file.value && nameOfCampaign(file.value.name) !== one.name) file.value = null;
  await follow();
}

async function readMissing(): Promise<void> {
  const link = current.value?.recording_script;
  missing.value = link && current.value?.to_record ? parse(await (await fetch(link)).text()) : [];
}

async function readOutcomes(): Promise<void> {
  const link = current.value?.manifest;
  outcomes.value = link ? await outcomesIn(link) : { made: [], refused: [] };
}

/** A link to a bucket, as a file of the browser's: the link itself would take the page's place. */
async function download(link: string, name: string): Promise<void> {
  const answer = await fetch(link);
  if (!answer.ok) throw new Error("The link has ended: open the campaign again.");
  save(await answer.blob(), name);
}

async function record(): Promise<void> {
  const name = current.value?.name ?? "";
  await openQueue();
  await add(missing.value, name, { anew: true });
  go("record");
}

export function CampaignPage() {
  useEffect(() => {
    told(list());
    return () => {
      following++;
    };
  }, []);
  return (
    <main class="two" id="main">
      <h1 class="hidden">Campaign</h1>
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
    </main>
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
          {whole ? `${read.toLocaleString("en")} rows` : `more than ${read.toLocaleString("en")} rows`}
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
          disabled={sending.value !== null}
          onClick={() => {
            told(check());
          }}
        >
          {sending.value === null ? "Check the table" : `Sending … ${Math.round(100 * sending.value).toString()} %`}
        </button>
        <span class="quiet">Nothing is made yet.</span>
      </div>
    </section>
  );
}

function Standing({ one }: { one: Campaign }) {
  const ready = Math.max(one.ready, one.made);
  const share = (part: number) => ({ width: `${((100 * part) / Math.max(1, one.rows)).toFixed(1)}%` });
  const isRunning = one.state === "running";
  return (
    <section class="card" aria-label="The campaign">
      <div class="row">
        <h2 class="big" dir="auto">
          {one.name}
        </h2>
        <span class="chip">
          {one.rows.toLocaleString("en")} rows · {one.distinct.toLocaleString("en")} different messages
        </span>
        {!isRunning && one.state !== "new" && (
          <div class="keys end">
            <button
              onClick={() => {
                told(begin(checkCampaign));
              }}
            >
              Check again
            </button>
            <button
              class="main"
              disabled={one.check && !ready}
              onClick={() => {
                told(begin(runCampaign));
              }}
            >
              {one.check ? "Make what is ready" : "Make the rest"}
            </button>
          </div>
        )}
      </div>
      <div class="figures">
        <Figure title={one.check ? "Ready" : "Made"} number={ready} kind="leaf" />
        <Figure title="Words to record" number={one.to_record} kind="clay" />
        <Figure title="Cannot be said" number={one.refused} />
        <Figure title="Failed" number={one.failed} />
      </div>
      <div
        class="progress tall"
        role="progressbar"
        aria-label="Rows"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={isRunning ? one.percent : Math.round((100 * ready) / Math.max(1, one.rows))}
      >
        {isRunning ? (
          <i style={{ width: `${one.percent.toString()}%` }} />
        ) : (
          <>
            <i style={share(ready)} />
            <i class="lacking" style={share(one.refused)} />
          </>
        )}
      </div>
      <p role="status" aria-live="polite" class="quiet">
        {isRunning
          ? `${one.check ? "Checking" : "Making"} … ${one.percent.toString()} %`
          : {
              new: "",
              finished: one.check ? "Checked: nothing is made yet." : "Made: the manifest has a line for each row.",
              failed: "The service failed: run it again, and what is made is kept.",
              refused: "The table cannot be used.",
            }[one.state as "new"]}
        {one.detail && <span class="chip bad">{one.detail}</span>}
      </p>
      {one.manifest && (
        <p class="row">
          <button
            onClick={() => {
              told(download(one.manifest ?? "", `${one.name}-manifest.csv`));
            }}
          >
            Manifest with the files
          </button>
          {one.recording_script_page && (
            <a class="button" href={one.recording_script_page} target="_blank" rel="noreferrer">
              Recording script to print
            </a>
          )}
        </p>
      )}
    </section>
  );
}

function Figure({ title, number, kind = "" }: { title: string; number: number; kind?: string }) {
  return (
    <div>
      <p class="eyebrow">{title}</p>
      <p class={`figure ${kind}`}>{number.toLocaleString("en")}</p>
    </div>
  );
}

/** A few random rows, to hear before anything is sent. */
function Try() {
  const chosen = file.value;
  if (!chosen) return null;
  const hear = async (message: string) => {
    const made = await stitch({ message, voice: voice.value, missing: "skip" });
    await play(message, [await sound(made.output_file, () => Promise.resolve(made.public_url))]);
    if (made.missing.length) say(`Not said, because it has no clip: ${made.missing.join(", ")}`);
  };
  return (
    <section class="card" aria-label="A few rows">
      <h2 class="eyebrow">Hear a few before you send</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Listen</span>
            </th>
            <th scope="col">row</th>
            <th scope="col">message</th>
          </tr>
        </thead>
        <tbody>
          {chosen.table.rows.map(({ number, cells }) => {
            const message = messageOf(cells, column.value, template.value);
            return (
              <tr>
                <td>
                  <Listen
                    to={`row ${number.toString()}`}
                    sound={message}
                    play={() => hear(message)}
                    disabled={!message.trim()}
                  />
                </td>
                <td>{number.toLocaleString("en")}</td>
                <td lang={language.value || undefined} dir="auto">
                  {message}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Needed() {
  const most = Math.max(1, ...missing.value.map(({ messages }) => messages));
  return (
    <section class="card" aria-label="Most needed words">
      <h2 class="eyebrow">Most needed words</h2>
      <table lang={language.value || undefined}>
        <thead class="hidden">
          <tr>
            <th scope="col">words</th>
            <th scope="col" aria-hidden="true" />
            <th scope="col">rows</th>
          </tr>
        </thead>
        <tbody>
          {missing.value.slice(0, 8).map(({ phrase, messages }) => (
            <tr>
              <td dir="auto">{phrase}</td>
              <td class="wide">
                <div class="bar" style={{ width: `${((100 * messages) / most).toFixed(0)}%` }} />
              </td>
              <td>{messages.toLocaleString("en")}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <button
        class="rec"
        onClick={() => {
          told(record());
        }}
      >
        ● Record {missing.value.length === 1 ? "this word" : `these ${missing.value.length.toLocaleString("en")} words`}
      </button>
    </section>
  );
}

/** The first rows that were made, and the first that cannot be said. */
function Outcomes() {
  return (
    <>
      {outcomes.value.refused.length > 0 && (
        <section class="card" aria-label="Rows that cannot be said">
          <h2 class="eyebrow">Rows that cannot be said</h2>
          <table>
            <thead>
              <tr>
                <th scope="col">row</th>
                <th scope="col">why</th>
              </tr>
            </thead>
            <tbody>
              {outcomes.value.refused.map(({ row, reason }) => (
                <tr>
                  <td>{row.toLocaleString("en")}</td>
                  <td dir="auto">{reason}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {(current.value?.refused ?? 0) > outcomes.value.refused.length && (
            <p class="quiet">The manifest has all {current.value?.refused.toLocaleString("en")}.</p>
          )}
        </section>
      )}
      {outcomes.value.made.length > 0 && <Files />}
    </>
  );
}

/** The first files of a run. */
function Files() {
  const hear = async ({ file, link }: Made) => {
    await play(file, [await sound(link, () => Promise.resolve(link))]);
  };
  return (
    <section class="card" aria-label="Files">
      <h2 class="eyebrow">Files</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Listen</span>
            </th>
            <th scope="col">row</th>
            <th scope="col">file</th>
          </tr>
        </thead>
        <tbody>
          {outcomes.value.made.map((one) => (
            <tr>
              <td>
                <Listen to={`the file of row ${one.row.toString()}`} sound={one.file} play={() => hear(one)} />
              </td>
              <td>{one.row.toLocaleString("en")}</td>
              <td>
                <button
                  class="plain"
                  aria-label={`Download ${one.file}`}
                  onClick={() => {
                    told(download(one.link, one.file));
                  }}
                >
                  {one.file}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {(current.value?.made ?? 0) > outcomes.value.made.length && (
        <p class="quiet">The manifest has links to all {current.value?.made.toLocaleString("en")}.</p>
      )}
    </section>
  );
}
