/** A text that people chose; may be cut off in the middle of its last letter. Rejects where it is no UTF-8. */
export async function textOf(file: Blob): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer(), { stream: true });
  } catch {
    throw new Error("This is not UTF-8 text: save the table as “CSV UTF-8”.");
  }
}

const count = (text: string, char: string) => (text.split("\n", 1)[0] ?? "").split(char).length;

/** What parts the cells of a table: its line `sep=;` says it, or its first row. */
function separatorOf(text: string): string {
  const said = /^sep=(.)/i.exec(text)?.[1];
  return said ?? [",", ";", "\t"].sort((a, b) => count(text, b) - count(text, a))[0] ?? ",";
}

/** The cells of a table in CSV (RFC 4180), whatever parts them; rows without a letter are left out. */
export function csv(table: string): string[][] {
  const whole = table.replace(/^\uFEFF/, "");
  const separator = separatorOf(whole);
  const text = whole.replace(/^sep=.*\r?\n/i, "");
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
