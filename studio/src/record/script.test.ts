import { expect, test } from "vitest";
import { fileName, plainPhrase } from "./name";
import { marked, parse, sentence } from "./script";

test("a pasted text is a word on each line, each once", () => {
  expect(parse("onion\r\n heavy rain \n\nonion\n").map(({ phrase }) => phrase)).toEqual(["onion", "heavy rain"]);
});

test("a recording script is read with its sentences and numbers", () => {
  const csv = '\uFEFFfile,words,voice,messages,example\r\na.wav,छिड़काव,hindi,2655,"कृपया, **छिड़काव** न करें"\r\n';
  expect(parse(csv)).toEqual([
    {
      phrase: "छिड़काव",
      messages: 2655,
      example: [
        ["कृपया, ", false],
        ["छिड़काव", true],
        [" न करें", false],
      ],
    },
  ]);
});

test("cells with quotes and line breaks are whole, and no apostrophe against formulas stays", () => {
  const [item] = parse('words,messages,example\n\'=5,1,"say ""**=5**""\nnow"\n');
  expect(item?.phrase).toBe("=5");
  expect(item?.example.map(([text]) => text).join("")).toBe('say "=5"\nnow');
});

test("a script that a spreadsheet has saved is read, whatever parts its cells", () => {
  for (const sep of [";", "\t"]) {
    const [item] = parse(
      ["file,words,voice,messages,example", "a.wav,rain,,12,**rain** today"].join("\r\n").replaceAll(",", sep),
    );
    expect([item?.phrase, item?.messages]).toEqual(["rain", 12]);
  }
});

test("a text with a comma is no table", () => {
  expect(parse("yes, of course\nno").map(({ phrase }) => phrase)).toEqual(["yes, of course", "no"]);
});

test("a phrase is marked in its sentence, whatever its letters' case", () => {
  expect(sentence("Rain in Sangamner today", "sangamner")).toEqual([
    ["Rain in ", false],
    ["Sangamner", true],
    [" today", false],
  ]);
  expect(sentence("Rain", "snow")).toEqual([["Rain", false]]);
  expect(marked("**a** b")).toEqual([
    ["a", true],
    [" b", false],
  ]);
});

test.each([
  ["heavy rain", "heavy_rain.wav"],
  ["1/2", "1／2.wav"],
  ["12:30", "12：30.wav"],
  ["rain@final", "rain_@_final.wav"],
  ["con", "con_.wav"],
  ["कल सुबह", "कल_सुबह.wav"],
  ["ሰላም", "ሰላም.wav"],
])("%s is recorded as %s", (phrase, name) => {
  expect(fileName(phrase)).toBe(name);
});

test("a clip of the same words is found", () => {
  for (const text of ["heavy rain", "Heavy_Rain!", " heavy  rain. "]) expect(plainPhrase(text)).toBe("heavy rain");
  expect(plainPhrase("₹ 25/kg")).toBe("₹ 25/kg");
});
