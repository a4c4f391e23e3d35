import type { ClipSegment, Plan } from "../api";

/** A stretch of the message, and what is said for it. */
export interface Span {
  text: string;
  kind: "plain" | "said" | "read" | "missing";
  /** The missing word that it is. */
  word?: string;
}

export const isClip = (segment: Plan["segments"][number]): segment is ClipSegment => "clip" in segment;

/** The message in stretches: said by a clip, read from a number, without a clip, or not said at all. */
export function spans(message: string, plan: Plan): Span[] {
  // The service counts code points, the browser counts UTF-16 units.
  const points = Array.from(message);
  const kinds: (Span["kind"] | undefined)[] = Array<undefined>(points.length).fill(undefined);
  const words: (string | undefined)[] = Array<undefined>(points.length).fill(undefined);
  for (const segment of plan.segments.filter(isClip)) {
    if (segment.start === null || segment.end === null) continue;
    kinds.fill(segment.why ? "read" : "said", segment.start, segment.end);
  }
  for (const missing of plan.missing) {
    for (const [start, end] of places(points, missing)) {
      if (kinds.slice(start, end).some((kind) => kind !== undefined)) continue;
      kinds.fill("missing", start, end);
      words.fill(missing, start, end);
    }
  }
  // Words of a number stand nowhere in the message: the number itself lacks them.
  const placed = new Set(words);
  if (plan.missing.some((word) => !placed.has(word))) {
    for (const [start, end] of stretches(points, kinds)) {
      kinds.fill("missing", start, end);
      words.fill(points.slice(start, end).join(""), start, end);
    }
  }
  const begins = new Set(plan.segments.filter(isClip).map(({ start }) => start));
  const found: Span[] = [];
  points.forEach((point, i) => {
    const kind = kinds[i] ?? "plain";
    const last = found.at(-1);
    if (last?.kind === kind && last.word === words[i] && !(kind !== "plain" && begins.has(i))) last.text += point;
    else found.push({ text: point, kind, ...(words[i] === undefined ? {} : { word: words[i] }) });
  });
  return found;
}

/** Parts between spaces that nothing says, and that have a digit. */
function stretches(points: string[], kinds: unknown[]): [number, number][] {
  const found: [number, number][] = [];
  let start = 0;
  for (let i = 0; i <= points.length; i++) {
    const inside = i < points.length && kinds[i] === undefined && !/\s/u.test(points[i] ?? "");
    if (inside) continue;
    let end = i;
    while (end > start && /[.,;!?।॥።۔؟،]/u.test(points[end - 1] ?? "")) end--;
    if (points.slice(start, end).some((point) => /\p{N}/u.test(point))) found.push([start, end]);
    start = i + 1;
  }
  return found;
}

/** Where a word stands in a text, as whole words. */
function places(points: string[], word: string): [number, number][] {
  const wanted = Array.from(word, plain);
  const found: [number, number][] = [];
  for (let at = 0; at + wanted.length <= points.length; at++) {
    if (!wanted.every((char, i) => plain(points[at + i] ?? "") === char)) continue;
    if (isLetter(points[at - 1]) && isLetter(points[at])) continue;
    if (isLetter(points[at + wanted.length]) && isLetter(points[at + wanted.length - 1])) continue;
    found.push([at, at + wanted.length]);
  }
  return found;
}

const plain = (char: string) => char.toLocaleLowerCase().replace(/[\u2018\u2019]/, "'");
const isLetter = (char: string | undefined) => char !== undefined && /[\p{L}\p{M}\p{N}]/u.test(char);

/** The sentence of the message in which a word stands. */
export function sentenceOf(message: string, word: string): string {
  const sentences = message.match(/[^.!?।॥።۔؟\n]+[.!?।॥።۔؟]*/gu) ?? [message];
  const wanted = word.toLocaleLowerCase();
  return (sentences.find((one) => one.toLocaleLowerCase().includes(wanted)) ?? message).trim();
}

/** A segment of the line under the message. */
export interface Piece {
  kind: "clip" | "read" | "pause" | "missing";
  text: string;
  /** Null where it is not known. */
  ms: number | null;
  /** Where it begins in the message's sound, in ms. */
  at: number;
}

/** What is heard, in order; missing words stand where the message has them. */
export function pieces(message: string, plan: Plan): Piece[] {
  const lacks = spans(message, plan)
    .reduce<{ at: number; span: Span }[]>((all, span) => {
      const last = all.at(-1);
      all.push({ at: last ? last.at + Array.from(last.span.text).length : 0, span });
      return all;
    }, [])
    .filter(({ span }) => span.kind === "missing");
  const found: Piece[] = [];
  let at = 0;
  for (const segment of plan.segments) {
    if (!isClip(segment)) {
      found.push({ kind: "pause", text: "", ms: segment.pause_ms, at });
      at += segment.pause_ms;
      continue;
    }
    while (lacks[0] && segment.start !== null && lacks[0].at < segment.start) {
      found.push({ kind: "missing", text: lacks.shift()?.span.text ?? "", ms: null, at });
    }
    found.push({ kind: segment.why ? "read" : "clip", text: segment.phrase, ms: segment.duration_ms, at });
    at += segment.duration_ms ?? 0;
  }
  found.push(...lacks.map(({ span }): Piece => ({ kind: "missing", text: span.text, ms: null, at })));
  return found;
}
