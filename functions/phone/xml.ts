/** A whole document: its root element with what is inside. */
export function document(root: string, inside: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}>${inside}</${root}>\n`;
}

/** An element with text in it, or an empty one. */
export function element(name: string, text = ""): string {
  return text === "" ? `<${name}/>` : `<${name}>${escaped(text)}</${name}>`;
}

/** A comment of letters, digits, `_` and blanks; other characters, some of which end a comment, are left out. */
export function comment(text: string): string {
  return `<!-- ${text.replace(/[^\w ]/g, "")} -->`;
}

/** Text as it stands in an element: characters that XML 1.0 has no way to write are left out. */
export function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
