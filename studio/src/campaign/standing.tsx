import { type Campaign, checkCampaign, runCampaign } from "../api";
import { count } from "../parts/text";
import { told } from "../store";
import { begin, download } from "./state";

export function Standing({ one }: { one: Campaign }) {
  const ready = Math.max(one.ready, one.made);
  const share = (part: number) => ({ width: `${((100 * part) / Math.max(1, one.rows)).toFixed(1)}%` });
  const isRunning = one.state === "running";
  return (
    <section class="card detail" aria-label="The campaign" tabIndex={-1}>
      <div class="row">
        <h2 class="big" dir="auto">
          {one.name}
        </h2>
        <span class="chip">
          {count(one.rows, "row")} · {count(one.distinct, "different message")}
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
        {one.detail && " "}
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
