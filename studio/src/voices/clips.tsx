import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { type Clip, clip as askClip, deleteClip, restoreClip } from "../api";
import { play, sound } from "../audio/player";
import { focusOn } from "../parts/focus";
import { Listen, ListenHead } from "../parts/listen";
import { count, placeOf } from "../parts/text";
import { baseName, plainPhrase } from "../record/name";
import { recordNow } from "../record/state";
import { clipsChanged, clipsRead, language, nameOf, readClips, recordings, say, told, unread, voice } from "../store";

/** Rows that are shown at a time: a voice may have thousands of clips. */
const SHOWN = 100;
/** After this a clip that came back is prepared again. */
const PREPARED_MS = 3000;

export function Clips() {
  const wanted = useSignal("");
  const shown = useSignal(SHOWN);
  const all = recordings.value;
  const found = all.filter(({ phrase }) => phrase.includes(plainPhrase(wanted.value)));
  return (
    <section class="card" aria-label="Clips">
      <div class="row">
        <h2 class="big" dir="auto">
          {nameOf(voice.value)}
        </h2>
        <span class="chip">
          {count(all.length, "clip")}
          {clipsRead.value ? "" : " …"}
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
            <ListenHead />
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
      {found.length > shown.value && (
        <button
          onClick={() => {
            focusOn(`.clips tbody tr:nth-child(${(shown.value + 1).toString()}) button`);
            shown.value += SHOWN;
          }}
        >
          Show more
        </button>
      )}
      {clipsRead.value && !found.length && (
        <p class="quiet">{all.length ? "No clip says that." : "This voice has no clips yet."}</p>
      )}
      {unread.value.length > 0 && (
        <details>
          <summary>{count(unread.value.length, "file")} beside the clips, not read</summary>
          <ul class="quiet">
            {unread.value.slice(0, SHOWN).map(({ key, reason }) => (
              <li>
                <bdi>{key}</bdi>: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function ClipRow({ clip }: { clip: Clip }) {
  const row = useRef<HTMLTableRowElement>(null);
  const name = baseName(clip.key);
  const mine = voice.value;
  const listen = async () =>
    play(clip.key, [
      await sound(`${clip.key} ${clip.size.toString()}`, async () => (await askClip(mine, name)).url ?? ""),
    ]);
  const replace = () => recordNow([{ phrase: clip.phrase, example: [], messages: 0, name }]);
  const remove = async () => {
    const beside = row.current?.nextElementSibling ?? row.current?.previousElementSibling;
    const { version } = await deleteClip(mine, name);
    await readClips();
    (beside ?? document.querySelector(".card"))?.querySelector("button")?.focus(); // this row is gone
    say(`“${clip.phrase}” is deleted.`, () => {
      told(restoreClip(mine, name, version).then(readClips));
      setTimeout(clipsChanged, PREPARED_MS);
    });
  };
  return (
    <tr ref={row}>
      <td>
        <Listen to={clip.phrase} sound={clip.key} play={listen} />
      </td>
      <td lang={language.value || undefined} dir="auto">
        {clip.phrase}
        {clip.take && (
          <small class="quiet" lang="en">
            {" "}
            {placeOf(clip)}
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
        {clip.prepared && !clip.warnings?.length && !clip.instead && <span class="quiet">good</span>}
        {clip.instead && <span class="chip poor">not said: {baseName(clip.instead)} says the same</span>}
        {!clip.prepared && !clip.refused && <span class="quiet">not prepared yet</span>}
      </td>
      <td class="acts">
        <button
          class="plain"
          onClick={() => {
            told(replace());
          }}
          aria-label={`Replace ${clip.phrase}`}
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
