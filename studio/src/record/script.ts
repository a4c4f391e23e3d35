import { csv } from "../parts/csv";
import type { Item } from "../takes";

/** The words of a pasted text, a line each, or of a recording script (a table with the column "words"). */
export function parse(text: string): Item[] {
  const rows = csv(text);
  const head = rows[0]?.map((cell) => cell.trim().toLowerCase()) ?? [];
  const words = head.indexOf("words");
  const items =
    words >= 0 && head.length > 1
      ? rows.slice(1).map((row) => ({
          phrase: plain(row[words]),
          messages: Number(row[head.indexOf("messages")] ?? 0) || 0,
          example: marked(plain(row[head.indexOf("example")])),
        }))
      : text
          .replace(/^\uFEFF/, "")
          .split(/\r?\n/)
          .map((line) => ({ phrase: line.trim(), messages: 0, example: [] as Item["example"] }));
  const seen = new Set<string>();
  return items.filter(({ phrase }) => phrase && !seen.has(phrase) && seen.add(phrase));
}

/** A cell without the apostrophe that keeps spreadsheets from calculating. */
const plain = (cell = "") => cell.trim().replace(/^'(?=[=+\-@\t])/, "");

/** A sentence with its words between two stars each. */
export function marked(text: string): Item["example"] {
  return text
    .split("**")
    .map((piece, i): [string, boolean] => [piece, i % 2 === 1])
    .filter(([piece]) => piece);
}

/** A sentence in which the phrase stands, with the phrase marked where it can be found. */
export function sentence(text: string, phrase: string): Item["example"] {
  const at = text.toLocaleLowerCase().indexOf(phrase.toLocaleLowerCase());
  if (at < 0) return [[text, false]];
  const pieces: Item["example"] = [
    [text.slice(0, at), false],
    [text.slice(at, at + phrase.length), true],
    [text.slice(at + phrase.length), false],
  ];
  return pieces.filter(([piece]) => piece);
}
