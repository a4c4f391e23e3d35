import { useEffect, useState } from "preact/hooks";
import { type Settings, changeVoiceSettings, voiceSettings } from "../api";
import { readVoices, say, told, voice } from "../store";
import { changed } from "./toml";

const PAUSES: [string, string][] = [
  ["comma", "after a comma"],
  ["colon", "after a colon"],
  ["stop", "after a full stop"],
  ["question", "after a question mark"],
  ["newline", "after a line"],
];

/** The settings of a voice: a form for the common ones, and the whole file. */
export function SettingsCard() {
  const [found, setFound] = useState<Settings | null>(null);
  const [toml, setToml] = useState("");
  const [fault, setFault] = useState("");
  const show = (answer: Settings) => {
    setFound(answer);
    setToml(answer.toml);
    setFault(answer.fault);
  };
  useEffect(() => {
    setFound(null);
    told(voiceSettings(voice.value).then(show));
  }, [voice.value]);
  if (!found) return <p class="quiet">Reading the settings …</p>;
  const change = (section: string, key: string, value: string | number | string[] | null) => {
    setToml((old) => changed(old, section, key, value));
  };
  const number = (section: string, key: string) => (event: { currentTarget: HTMLInputElement }) => {
    change(section, key, event.currentTarget.value === "" ? null : event.currentTarget.valueAsNumber);
  };
  const save = () => {
    if (toml === found.toml) {
      say("Nothing is changed.");
      return;
    }
    changeVoiceSettings(voice.value, toml)
      .then((answer) => {
        show(answer);
        say("The settings are saved. New messages follow them.");
        return readVoices();
      })
      .catch((error: unknown) => {
        setFault(error instanceof Error ? error.message : String(error));
      });
  };
  return (
    <form
      class="settings"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <label>
        Language (its code, like hi, am or ur)
        <input
          value={found.language ?? ""}
          pattern="[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}"
          onInput={(event) => {
            change("", "language", event.currentTarget.value || null);
          }}
        />
      </label>
      <label>
        Pause between words, in ms
        <input type="number" min={-500} max={5000} step={10} value={found.gap_ms} onInput={number("", "gap_ms")} />
      </label>
      <label>
        A number that can be read in two ways
        <select
          value={found.read_numbers}
          onChange={(event) => {
            change("", "read_numbers", event.currentTarget.value);
          }}
        >
          <option value="likely">is said in the likelier way</option>
          <option value="strict">is refused</option>
        </select>
      </label>
      <fieldset>
        <legend>Pauses, in ms</legend>
        {PAUSES.map(([key, title]) => (
          <label>
            {title}
            <input
              type="number"
              min={0}
              max={5000}
              step={10}
              value={found.pauses[key] ?? 0}
              onInput={number("pauses", key)}
            />
          </label>
        ))}
      </fieldset>
      <label>
        Phrases that mean the same, a line for each group: hello = hi
        <textarea
          rows={3}
          dir="auto"
          value={found.aliases.join("\n")}
          onInput={(event) => {
            change(
              "",
              "aliases",
              event.currentTarget.value
                .split("\n")
                .map((line) => line.trim())
                .filter(Boolean),
            );
          }}
        />
      </label>
      <details open={fault !== ""}>
        <summary>The whole file voice.toml</summary>
        <textarea
          class="code"
          rows={10}
          spellcheck={false}
          aria-label="voice.toml"
          value={toml}
          onInput={(event) => {
            setToml(event.currentTarget.value);
          }}
        />
      </details>
      {fault && (
        <p class="chip bad" role="alert">
          {fault}
        </p>
      )}
      <button class="main">Save the settings</button>
    </form>
  );
}
