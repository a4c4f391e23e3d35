/** A table of messages as the page needs it: its columns, and some rows to try. */
import { linked } from "../config";
import { csv, textOf } from "../parts/csv";

export interface Table {
  columns: string[];
  /** Random rows, as the messages that they become are tried. */
  rows: { number: number; cells: Map<string, string> }[];
  /** All rows that were read; more may follow in a large file. */
  read: number;
  whole: boolean;
}

/** Enough for thousands of rows; the service reads the whole file. */
const READ_BYTES = 2 * 1024 * 1024;
const TRIED = 5;

/** The table with some of its rows, which `random` chooses. */
export async function tableOf(file: File, random: () => number = Math.random): Promise<Table> {
  const { columns, all, whole } = await rowsOf(file);
  const numbers = all.map((_, i) => i);
  for (let i = 0; i < Math.min(TRIED, numbers.length); i++) {
    const other = i + Math.floor(random() * (numbers.length - i));
    [numbers[i], numbers[other]] = [numbers[other] ?? 0, numbers[i] ?? 0];
  }
  const some = numbers.slice(0, TRIED).sort((a, b) => a - b);
  return {
    columns,
    rows: some.map((at) => ({
      number: at + 2, // as a spreadsheet counts, with the first row
      cells: new Map(columns.map((name, i) => [name, (all[at]?.[i] ?? "").trim()])),
    })),
    read: all.length,
    whole,
  };
}

/** The message of a row: its cell, or the template with its cells; `{{` and `}}` are braces. */
export function messageOf(cells: Map<string, string>, column: string, template: string): string {
  if (!template) return cells.get(column) ?? "";
  return template.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (found, name: string | undefined) =>
    found === "{{" ? "{" : found === "}}" ? "}" : (cells.get(name?.trim() ?? "") ?? ""),
  );
}

/** A row that cannot be said. */
export interface Refused {
  /** As a spreadsheet counts. */
  row: number;
  reason: string;
}

/** A row that was made. */
export interface Made {
  row: number;
  /** The audio file's name, and a link to it that works for a time. */
  file: string;
  link: string;
}

/** What a manifest adds to the table: its last columns, in this order. */
const ADDED = ["status", "file", "link", "duration_ms", "missing", "reason"];

/** The first rows of a manifest: those that were made, and those that were not. Rejects where it cannot be read. */
export async function outcomesIn(manifest: string, most = 20): Promise<{ made: Made[]; refused: Refused[] }> {
  const answer = await linked(manifest, { Range: `bytes=0-${READ_BYTES.toString()}` });
  const { columns, all } = await rowsOf(new File([await answer.blob()], "manifest.csv"));
  const first = columns.length - ADDED.length;
  const found: { made: Made[]; refused: Refused[] } = { made: [], refused: [] };
  all.forEach((cells, i) => {
    const [, file = "", link = "", , missing = "", reason = ""] = cells.slice(first);
    const row = i + 2;
    if (link && found.made.length < most) found.made.push({ row, file: file.replace(/^.*\//, ""), link });
    const why = reason || (missing && `no clip says ${missing}`);
    if (why && found.refused.length < most) found.refused.push({ row, reason: why });
  });
  return found;
}

/** The beginning of a table in CSV: its columns and rows. Rejects where it is no text in UTF-8, as the service does. */
async function rowsOf(file: File): Promise<{ columns: string[]; all: string[][]; whole: boolean }> {
  const [head = [], ...all] = csv(await textOf(file.slice(0, READ_BYTES)));
  const whole = file.size <= READ_BYTES;
  if (!whole) all.pop(); // it may be cut off
  return { columns: head.map((name) => name.trim()), all, whole };
}
