import fc from "fast-check";
import { expect, test } from "vitest";

import { CannotSay, filled } from "../message";

test("a template has its fields in their places, and its own braces", () => {
  const values: Record<string, string> = { crop: "onion", price: "$&" };
  expect(filled("{{{ crop }}} costs {price}", (place) => values[place])).toBe("{onion} costs $&");
});

test.each(["a { b", "a } b", "{a{b}}", "{crop", "{{crop}"])("%s is broken, and says nothing", (template) => {
  expect(() => filled(template, () => "x")).toThrow(CannotSay);
});

test("a value is never read as a template", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (value) => {
      fc.pre(value.trim() !== "");
      return filled("a {b} c", () => value) === `a ${value} c`;
    }),
  );
});
