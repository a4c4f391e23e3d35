import type { Clip } from "../api";
import type { Item } from "../takes";

/** A sentence with its phrase marked. */
export function Example({ pieces, lang }: { pieces: Item["example"]; lang: string }) {
  return (
    <p class="sentence" lang={lang || undefined} dir="auto">
      {pieces.map(([piece, isPhrase]) => (isPhrase ? <mark>{piece}</mark> : piece))}
    </p>
  );
}

/** A number of things, in words. */
export const count = (number: number, what: string) =>
  `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;

/** Where in a sentence a clip belongs; empty where it is said anywhere. */
export const placeOf = ({ take }: Clip): string =>
  ({ initial: "at the beginning", medial: "in the middle", final: "at the end" })[take] ?? "";
