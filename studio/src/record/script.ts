import type { Item } from "../takes";

/** The words of a pasted text, a line each, or of a recording script (a table with the column "words"). */
export function parse(text: string): Item[] {
  const rows = csv(text.replace(/^\uFEFF/, ""));
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

/** The cells of a table in CSV (RFC 4180). */
export function csv(text: string, separator = ","): string[][] {
  const rows: string[][] = [[]];
  let cell = "";
  let quoted = false;
  const endCell = () => {
    rows.at(-1)?.push(cell);
    cell = "";
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? "";
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[i + 1] === '"') cell += text[++i] ?? "";
      else quoted = false;
    } else if (char === '"' && cell === "") quoted = true;
    else if (char === separator) endCell();
    else if (char === "\n") {
      endCell();
      rows.push([]);
    } else if (char !== "\r") cell += char;
  }
  endCell();
  return rows.filter((row) => row.some((one) => one.trim()));
}
