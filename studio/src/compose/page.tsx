import { useEffect } from "preact/hooks";
import { settings } from "../config";
import { say, told } from "../store";
import { Actions } from "./actions";
import { Field, Line } from "./message";
import { curl, python } from "./snippets";
import { PLACES, download, format, hasWords, isReady, listen, planned, take, taken } from "./state";
import { Table } from "./table";

const copy = (work: Promise<string>, said: string) => {
  told(
    work
      .then((found) => navigator.clipboard.writeText(found))
      .then(() => {
        say(said);
      }),
  );
};

export function ComposePage() {
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && isReady.value) {
        event.preventDefault();
        told(listen());
      }
    };
    addEventListener("keydown", keys);
    return () => {
      removeEventListener("keydown", keys);
    };
  }, []);
  return (
    <>
      <section class="card message-card" aria-label="Message">
        <Field />
        {planned.value && <Line {...planned.value} />}
        <Actions />
        {planned.value && <Table {...planned.value} />}
      </section>
      <aside>
        <section class="card" aria-label="Format">
          <h2 class="eyebrow">Plays on</h2>
          <div class="chips left" role="radiogroup" aria-label="Format">
            {PLACES.map(([name, title]) => (
              <label class="choice">
                <input
                  type="radio"
                  name="format"
                  value={name}
                  checked={format.value === name}
                  onChange={() => (format.value = name)}
                />
                <span class="chip">{title}</span>
              </label>
            ))}
          </div>
        </section>
        <section class="card" aria-label="Take it along">
          <h2 class="eyebrow">Take it along</h2>
          <button
            disabled={!isReady.value}
            onClick={() => {
              told(download());
            }}
          >
            Download
          </button>
          <button
            disabled={!isReady.value}
            onClick={() => {
              copy(
                take().then(({ public_url }) => public_url),
                "The link is copied. It lasts 15 minutes.",
              );
            }}
          >
            Copy link · lasts 15 minutes
          </button>
          <button
            disabled={!hasWords.value}
            onClick={() => {
              copy(
                settings().then((found) => curl(taken.value, found)),
                "Copied: paste it into a shell that has AWS credentials.",
              );
            }}
          >
            Copy as curl
          </button>
          <button
            disabled={!hasWords.value}
            onClick={() => {
              copy(
                settings().then((found) => python(taken.value, found)),
                "Copied: it needs boto3 and AWS credentials.",
              );
            }}
          >
            Copy as Python
          </button>
        </section>
      </aside>
    </>
  );
}
