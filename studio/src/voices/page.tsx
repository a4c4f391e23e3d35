import { useSignal } from "@preact/signals";
import { type Clip, clip as askClip, deleteClip, restoreClip, voiceSettings } from "../api";
import { play, sound } from "../audio/player";
import { Listen } from "../parts/listen";
import { save } from "../parts/save";
import { baseName } from "../record/name";
import { recordNow } from "../record/state";
import { clips, clipsChanged, clipsRead, language, nameOf, readClips, say, told, voice, voices } from "../store";
import { type Found, dropped, importInto } from "./import";
import { SettingsCard } from "./settings";
import { zipped } from "./zip";

/** Rows that are shown at a time: a voice may have thousands of clips. */
const SHOWN = 100;
/** After this a clip that came back is prepared again. */
const PREPARED_MS = 3000;

export function VoicesPage() {
  return (
    <main class="two" id="main">
      <h1 class="hidden">Voices</h1>
      <section class="card side" aria-label="Voice">
        <h2 class="eyebrow">Voices</h2>
        <VoiceList />
        <Files />
        <details>
          <summary>Settings</summary>
          <SettingsCard />
        </details>
      </section>
      <Clips />
    </main>
  );
}

function VoiceList() {
  return (
    <>
      <ul class="queue">
        {voices.value.map((one) => (
          <li aria-current={one.voice === voice.value ? "true" : undefined}>
            <button class="plain" onClick={() => (voice.value = one.voice)}>
              <span dir="auto">{nameOf(one.voice)}</span>
              <small>{one.warnings.length ? "faulty settings" : (one.language ?? "")}</small>
            </button>
          </li>
        ))}
      </ul>
      {voices.value
        .find((one) => one.voice === voice.value)
        ?.warnings.map((text) => (
          <p class="chip bad">{text}</p>
        ))}
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const name = new FormData(event.currentTarget).get("name");
          if (typeof name === "string" && name.trim()) {
            voice.value = name.trim();
            event.currentTarget.reset();
            say("The voice is there when its first clip is.");
          }
        }}
      >
        <input
          name="name"
          aria-label="Name of a new voice"
          placeholder="New voice"
          pattern="[\p{L}\p{M}\p{N}_\-]{1,64}"
          title="Letters, digits, - and _"
        />
        <button>Begin</button>
      </form>
    </>
  );
}

function Files() {
  const busy = useSignal("");
  const bring = (files: Found[] | Promise<Found[]>) => {
    busy.value = "Reading …";
    const work = Promise.resolve(files)
      .then((found) => importInto(voice.value, found))
      .then(({ clips: count, settings, left }) => {
        const parts = [
          `${count.toString()} clips upload by themselves`,
          settings ? "the settings are written" : "",
          left.length
            ? `left out: ${left.slice(0, 3).join("; ")}${left.length > 3 ? ` and ${(left.length - 3).toString()} more` : ""}`
            : "",
        ];
        say(`${parts.filter(Boolean).join("; ")}.`);
      })
      .finally(() => (busy.value = ""));
    told(work);
  };
  const bundle = async () => {
    const entries = [];
    const all = [...clips.value.values()];
    for (const [i, one] of all.entries()) {
      busy.value = `${(i + 1).toString()} of ${all.length.toString()} …`;
      const { url } = await askClip(voice.value, baseName(one.key));
      if (url) entries.push({ name: baseName(one.key), data: new Uint8Array(await (await fetch(url)).arrayBuffer()) });
    }
    const { toml } = await voiceSettings(voice.value);
    if (toml) entries.push({ name: "voice.toml", data: new TextEncoder().encode(toml) });
    save(zipped(entries), `${voice.value || "default-voice"}.zip`);
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
              bring([...(event.currentTarget.files ?? [])].map((file) => ({ path: file.name, file })));
              event.currentTarget.value = "";
            }}
          />
        </label>
        <button
          disabled={busy.value !== "" || clips.value.size === 0}
          onClick={() => {
            told(bundle().finally(() => (busy.value = "")));
          }}
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

function Clips() {
  const wanted = useSignal("");
  const shown = useSignal(SHOWN);
  const found = [...clips.value.values()].filter((one) => one.phrase.includes(wanted.value.toLocaleLowerCase().trim()));
  return (
    <section class="card" aria-label="Clips">
      <div class="row">
        <h2 class="big" dir="auto">
          {nameOf(voice.value)}
        </h2>
        <span class="chip">
          {clips.value.size.toLocaleString("en")} clips{clipsRead.value ? "" : " …"}
        </span>
        <input
          type="search"
          aria-label="Search the clips"
          placeholder="Search"
          value={wanted.value}
          lang={language.value || undefined}
          dir="auto"
          onInput={(event) => {
            wanted.value = event.currentTarget.value;
            shown.value = SHOWN;
          }}
        />
      </div>
      <table class="clips">
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Listen</span>
            </th>
            <th scope="col">says</th>
            <th scope="col">s</th>
            <th scope="col">what was found</th>
            <th scope="col">
              <span class="hidden">Change</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {found.slice(0, shown.value).map((one) => (
            <ClipRow clip={one} key={one.key} />
          ))}
        </tbody>
      </table>
      {found.length > shown.value && <button onClick={() => (shown.value += SHOWN)}>Show more</button>}
      {clipsRead.value && !found.length && (
        <p class="quiet">{clips.value.size ? "No clip says that." : "This voice has no clips yet."}</p>
      )}
    </section>
  );
}

function ClipRow({ clip }: { clip: Clip }) {
  const name = baseName(clip.key);
  const mine = voice.value;
  const listen = async () =>
    play(clip.key, [
      await sound(`${clip.key} ${clip.size.toString()}`, async () => (await askClip(mine, name)).url ?? ""),
    ]);
  const replace = () => recordNow([{ phrase: clip.phrase, example: [], messages: 0 }]);
  const remove = async () => {
    const { version } = await deleteClip(mine, name);
    await readClips();
    say(`“${clip.phrase}” is deleted.`, () => {
      told(restoreClip(mine, name, version).then(readClips));
      setTimeout(clipsChanged, PREPARED_MS);
    });
  };
  return (
    <tr>
      <td>
        <Listen to={clip.phrase} sound={clip.key} play={listen} />
      </td>
      <td lang={language.value || undefined} dir="auto">
        {clip.phrase}
        {clip.take && (
          <small class="quiet" lang="en">
            {" "}
            at the {({ initial: "beginning", medial: "middle", final: "end" } as Record<string, string>)[clip.take]}
          </small>
        )}
      </td>
      <td>{clip.duration_ms === null ? "–" : (clip.duration_ms / 1000).toFixed(1)}</td>
      <td>
        {clip.refused ? (
          <span class="chip bad">{clip.refused}</span>
        ) : (
          clip.warnings?.map((text) => <span class="chip poor">{text}</span>)
        )}
        {clip.prepared && !clip.warnings?.length && <span class="quiet">good</span>}
        {!clip.prepared && !clip.refused && <span class="quiet">not prepared yet</span>}
      </td>
      <td class="acts">
        <button
          class="plain"
          onClick={() => {
            told(replace());
          }}
        >
          Replace
        </button>
        <button
          class="plain bad"
          onClick={() => {
            told(remove());
          }}
          aria-label={`Delete ${clip.phrase}`}
        >
          Delete
        </button>
      </td>
    </tr>
  );
}
