/** Change single values of a `voice.toml` without touching the rest of it: comments and other sections stay. */

type Value = string | number | string[];

const written = (value: Value): string =>
  typeof value === "number"
    ? value.toString()
    : Array.isArray(value)
      ? `[${value.map((one) => JSON.stringify(one)).join(", ")}]`
      : JSON.stringify(value);

/** The text with `key = value` in a section; "" is the top. A null takes the line away. */
export function changed(toml: string, section: string, key: string, value: Value | null): string {
  const lines = toml === "" ? [] : toml.replace(/\n$/, "").split("\n");
  const isHead = (line: string) => /^\s*\[/.test(line);
  let first = 0;
  if (section) {
    const head = lines.findIndex((line) => new RegExp(`^\\s*\\[\\s*${section}\\s*\\]`).test(line));
    if (head < 0) {
      if (value === null) return toml;
      const before = lines.length ? [...lines, ""] : lines;
      return `${[...before, `[${section}]`, `${key} = ${written(value)}`].join("\n")}\n`;
    }
    first = head + 1;
  }
  let end = lines.findIndex((line, i) => i >= first && isHead(line));
  if (end < 0) end = lines.length;
  const at = lines.findIndex((line, i) => i >= first && i < end && new RegExp(`^\\s*${key}\\s*=`).test(line));
  if (at >= 0) {
    const last = lastLineOf(lines, at);
    const comment =
      last === at ? /[^"'#]*(#.*)$/.exec((lines[at] ?? "").replace(/"(\\.|[^"\\])*"|'[^']*'/g, ""))?.[1] : undefined;
    lines.splice(
      at,
      last - at + 1,
      ...(value === null ? [] : [`${key} = ${written(value)}${comment ? `  ${comment}` : ""}`]),
    );
  } else if (value !== null) {
    // Above the empty lines that part it from the next section.
    let place = end;
    while (place > first && lines[place - 1]?.trim() === "") place--;
    lines.splice(place, 0, `${key} = ${written(value)}`);
  }
  return lines.length ? `${lines.join("\n")}\n` : "";
}

/** The last line of a list that goes over several. */
function lastLineOf(lines: string[], at: number): number {
  let depth = 0;
  for (let i = at; i < lines.length; i++) {
    const bare = (lines[i] ?? "").replace(/"(\\.|[^"\\])*"|'[^']*'/g, "").replace(/#.*/, "");
    depth += (bare.match(/\[/g)?.length ?? 0) - (bare.match(/\]/g)?.length ?? 0);
    if (depth <= 0) return i;
  }
  return lines.length - 1;
}
