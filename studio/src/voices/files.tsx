import { useSignal } from "@preact/signals";
import { save } from "../parts/save";
import { count } from "../parts/text";
import { clipsRead, recordings, say, told, voice } from "../store";
import { bundle } from "./export";
import { type Found, type Imported, dropped, importInto } from "./import";

export function Files() {
  const busy = useSignal("");
  const run = (how: () => Promise<void>) => {
    if (busy.value) return;
    told(how().finally(() => (busy.value = "")));
  };
  const bring = (files: Promise<Found[]>) => {
    run(async () => {
      busy.value = "Reading …";
      say(saidOf(await importInto(voice.value, files)));
    });
  };
  const take = () => {
    run(async () => {
      const [mine, all] = [voice.value, recordings.value];
      busy.value = "Fetching …";
      const made = await bundle(mine, all, (done) => {
        busy.value = `${done.toLocaleString("en")} of ${count(all.length, "clip")} …`;
      });
      save(made, `${mine || "default-voice"}.zip`);
    });
  };
  return (
    <div
      class="drop"
      onDrop={(event) => {
        event.preventDefault();
        if (event.dataTransfer) bring(dropped(event.dataTransfer));
      }}
    >
      <p class="quiet">Drop recordings, a folder or a zip file here.</p>
      <div class="row">
        <label class="button">
          Import
          <input
            type="file"
            multiple
            class="hidden"
            accept="audio/*,.zip,.toml"
            onChange={(event) => {
              bring(Promise.resolve([...(event.currentTarget.files ?? [])].map((file) => ({ path: file.name, file }))));
              event.currentTarget.value = "";
            }}
          />
        </label>
        <button
          aria-disabled={busy.value !== ""}
          disabled={!clipsRead.value || recordings.value.length === 0}
          onClick={take}
        >
          Export as zip
        </button>
      </div>
      <p class="quiet" role="status">
        {busy.value}
      </p>
    </div>
  );
}

/** What became of an import, as a sentence. */
function saidOf({ clips, settings, left }: Imported): string {
  const parts = [
    clips
      ? `${count(clips, "clip")} ${clips > 1 ? "upload" : "uploads"} by ${clips > 1 ? "themselves" : "itself"}`
      : "",
    settings ? "the settings are written" : "",
    left.length ? `left out: ${left.slice(0, 3).join("; ")}` : "",
    left.length > 3 ? `and ${count(left.length - 3, "more file")}` : "",
  ].filter(Boolean);
  return parts.length ? `${parts.join("; ")}.` : "There is no recording in it.";
}
