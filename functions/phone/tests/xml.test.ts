import { expect, test } from "vitest";

import { comment, document, element, escaped } from "../xml";

test("a link with a query is one text of XML", () => {
  expect(escaped("https://a.example/x?a=1&b=<2>")).toBe("https://a.example/x?a=1&amp;b=&lt;2&gt;");
});

test("what XML cannot write is left out", () => {
  expect(escaped("a\u0000b\u001Fc\uFFFFd\uD800e🌧\n")).toBe("abcde🌧\n");
});

test("a comment cannot be ended by what is in it", () => {
  expect(comment("x --> <Play>")).toBe("<!-- x  Play -->");
});

test("a document has one root", () => {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>';
  expect(document("Response", element("Hangup"))).toBe(`${declaration}\n<Response><Hangup/></Response>\n`);
});
