/** A table of messages as the page needs it: its columns, and some rows to try. */
import { csv } from "../record/script";

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

const count = (text: string, char: string) => (text.split("\n", 1)[0] ?? "").split(char).length;

/** The message of a row: its cell, or the template with its cells; `{{` and `}}` are braces. */
export function messageOf(cells: Map<string, string>, column: string, template: string): string {
  if (!template) return cells.get(column) ?? "";
  return template.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (found, name: string | undefined) =>
    found === "{{" ? "{" : found === "}}" ? "}" : (cells.get(name?.trim() ?? "") ?? ""),
  );
}

export interface Refused {
  /** As a spreadsheet counts. */
  row: number;
  reason: string;
}

/** The first rows of a manifest that were not made, each with its reason. */
export async function refusedIn(manifest: string, most = 20): Promise<Refused[]> {
  const answer = await fetch(manifest, { headers: { Range: `bytes=0-${READ_BYTES.toString()}` } });
  const table = new File([await answer.blob()], "manifest.csv");
  const { columns, all } = await rowsOf(table);
  const [reason, missing] = [columns.lastIndexOf("reason"), columns.lastIndexOf("missing")];
  const why = (cells: string[]) => {
    if (cells[reason]) return cells[reason];
    return cells[missing] ? `no clip says ${cells[missing]}` : "";
  };
  return all
    .map((cells, i) => ({ row: i + 2, reason: why(cells) }))
    .filter((one) => one.reason)
    .slice(0, most);
}

/** The beginning of a table in CSV: its columns and rows. */
async function rowsOf(file: File): Promise<{ columns: string[]; all: string[][]; whole: boolean }> {
  const text = (await file.slice(0, READ_BYTES).text()).replace(/^\uFEFF/, "");
  const separator =
    /^sep=(.)/i.exec(text)?.[1] ?? [",", ";", "\t"].sort((a, b) => count(text, b) - count(text, a))[0] ?? ",";
  const [head = [], ...all] = csv(text.replace(/^sep=.*\r?\n/i, ""), separator);
  const whole = file.size <= READ_BYTES;
  if (!whole) all.pop(); // it may be cut off
  return { columns: head.map((name) => name.trim()), all, whole };
}
