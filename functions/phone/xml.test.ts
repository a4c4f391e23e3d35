import { expect, test } from "vitest";

import { escaped } from "./xml";

test("a link with a query is one text of XML", () => {
  expect(escaped("https://a.example/x?a=1&b=<2>'\"")).toBe("https://a.example/x?a=1&amp;b=&lt;2&gt;&apos;&quot;");
});

test("what XML cannot write is left out", () => {
  expect(escaped("a\u0000b\u001Fc\uFFFFd\uD800e🌧\n")).toBe("abcde🌧\n");
});
