import { expect, test } from "vitest";
import type { ClipSegment, Plan } from "../api";
import { curl, python } from "./snippets";
import { pieces, sentenceOf, spans } from "./spans";

const clip = (text: string, start: number, more: Partial<ClipSegment> = {}): ClipSegment => ({
  clip: `${text}.wav`,
  phrase: text,
  text,
  start,
  end: start + Array.from(text).length,
  why: "",
  duration_ms: 400,
  ...more,
});

const plan = (more: Partial<Plan>): Plan => ({
  success: true,
  segments: [],
  missing: [],
  suggestions: {},
  unsure: {},
  decoration: [],
  substituted: [],
  unusable: [],
  duration_ms: null,
  path: null,
  why: "",
  format: "mp3",
  ...more,
});

test("each stretch of a message says what becomes of it", () => {
  const message = "Hello Sangamner, ₹25";
  const found = spans(
    message,
    plan({ segments: [clip("Hello", 0), clip("₹25", 17, { why: "an amount" })], missing: ["sangamner"] }),
  );
  expect(found).toEqual([
    { text: "Hello", kind: "said" },
    { text: " ", kind: "plain" },
    { text: "Sangamner", kind: "missing", word: "sangamner" },
    { text: ", ", kind: "plain" },
    { text: "₹25", kind: "read" },
  ]);
});

test("places are counted in code points, as the service counts them", () => {
  const found = spans("👩🏽‍🌾 नमस्ते", plan({ segments: [clip("नमस्ते", 5)] }));
  expect(found.at(-1)).toEqual({ text: "नमस्ते", kind: "said" });
});

test("two clips side by side are two stretches, the clips of one number one", () => {
  const found = spans(
    "ab 25",
    plan({
      segments: [
        clip("a", 0),
        clip("b", 1),
        clip("twenty", 3, { end: 5, why: "25" }),
        clip("five", 3, { end: 5, why: "25" }),
      ],
    }),
  );
  expect(found.map(({ text }) => text)).toEqual(["a", "b", " ", "25"]);
});

test("a missing word is not marked inside of a longer word", () => {
  const found = spans("rainy rain", plan({ missing: ["rain"] }));
  expect(found).toEqual([
    { text: "rainy ", kind: "plain" },
    { text: "rain", kind: "missing", word: "rain" },
  ]);
});

test("a number whose words have no clips is missing as it is written", () => {
  const found = spans("onion ₹25/kg today.", plan({ segments: [clip("onion", 0)], missing: ["five", "rupees"] }));
  expect(found.map(({ text, kind }) => [text, kind])).toEqual([
    ["onion", "said"],
    [" ", "plain"],
    ["₹25/kg", "missing"],
    [" today.", "plain"],
  ]);
});

test("the line has every clip and pause in order, and what is missing at its place", () => {
  const found = pieces(
    "one two three",
    plan({ segments: [clip("one", 0), { pause_ms: 120 }, clip("three", 8)], missing: ["two"] }),
  );
  expect(found.map(({ kind, text, at }) => [kind, text, at])).toEqual([
    ["clip", "one", 0],
    ["pause", "", 400],
    ["missing", "two", 520],
    ["clip", "three", 520],
  ]);
});

test("a word's sentence ends at the stops of any script", () => {
  expect(sentenceOf("Hello. Rain in Sangamner today! Bye.", "sangamner")).toBe("Rain in Sangamner today!");
  expect(sentenceOf("नमस्ते। कल बारिश होगी। धन्यवाद।", "बारिश")).toBe("कल बारिश होगी।");
});

const CONFIG = { apiUrl: "https://x.example/dev", region: "ap-south-1", credentials: "/credentials" };

test("a copied command says any message, and runs nothing else", () => {
  const command = curl({ message: "don't $(rm -rf /) `x`" }, CONFIG);
  expect(command).toContain(`-d '{"message":"don'\\''t $(rm -rf /) \`x\`"}'`);
  expect(command).toContain("'https://x.example/dev/stitch'");
});

test("a copied program has the request as it is", () => {
  expect(python({ message: 'say "hi"\n' }, CONFIG)).toContain('"message": "say \\"hi\\"\\n"');
});
