import { stitch } from "../api";
import { play, sound } from "../audio/player";
import { Listen, ListenHead } from "../parts/listen";
import { language, say, told, voice } from "../store";
import { column, current, download, file, missing, outcomes, record, template } from "./state";
import { type Made, messageOf } from "./table";

/** A few random rows, to hear before anything is sent. */
export function Try() {
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
            <ListenHead />
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

export function Needed() {
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
export function Outcomes() {
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
            <ListenHead />
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
