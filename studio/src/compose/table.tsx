import type { Plan } from "../api";
import { focusOn } from "../parts/focus";
import { language } from "../store";
import { isClip, spans } from "./spans";
import { text } from "./state";

/** The parts that need a word of explanation: read numbers, missing words. */
export function Table({ text: message, plan }: { text: string; plan: Plan }) {
  const read = new Map<string, { text: string; clips: string[]; why: string; ms: number }>();
  for (const segment of plan.segments.filter(isClip)) {
    if (!segment.why) continue;
    const key = `${String(segment.start)}-${String(segment.end)}-${segment.why}`;
    const row = read.get(key) ?? { text: segment.text ?? "", clips: [], why: segment.why, ms: 0 };
    row.clips.push(segment.phrase);
    row.ms += segment.duration_ms ?? 0;
    read.set(key, row);
  }
  if (!read.size && !plan.missing.length && !plan.decoration.length) return null;
  const tag = language.value || undefined;
  const said = new Set(spans(message, plan).map(({ word }) => word));
  const replaced = (word: string, by: string) => () => {
    text.value = message.replace(word, () => by);
    focusOn("#message"); // the button is gone
  };
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">says</th>
          <th scope="col">clip</th>
          <th scope="col">why</th>
          <th scope="col">ms</th>
        </tr>
      </thead>
      <tbody>
        {[...read.values()].map((row) => (
          <tr>
            <td lang={tag} dir="auto">
              {row.text}
            </td>
            <td lang={tag} dir="auto">
              {row.clips.join(" · ")}
            </td>
            <td>{row.why}</td>
            <td>{row.ms ? row.ms.toLocaleString("en") : "–"}</td>
          </tr>
        ))}
        {plan.missing.map((word) => (
          <tr>
            <td lang={tag} dir="auto">
              {word}
            </td>
            <td class="lack">no clip</td>
            <td>
              {plan.unsure[word] ??
                (plan.suggestions[word]?.length
                  ? "did you mean "
                  : said.has(word) || !/\p{N}/u.test(message)
                    ? "record it, or write it in another way"
                    : "a number needs it: record it")}
              {plan.suggestions[word]?.map((near) => (
                <button class="plain near" lang={tag} onClick={replaced(word, near)}>
                  {near}
                </button>
              ))}
              {plan.suggestions[word]?.length ? "?" : ""}
            </td>
            <td>–</td>
          </tr>
        ))}
        {plan.decoration.map((sign) => (
          <tr>
            <td>{sign}</td>
            <td>–</td>
            <td>only decorates: it is not said</td>
            <td>–</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
