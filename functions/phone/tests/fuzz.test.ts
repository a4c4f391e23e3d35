import fc from "fast-check";
import { expect, test } from "vitest";

import { answered } from "../webhook";
import { Known, request, signedRequest, signers } from "./sample";

const names = fc.constantFrom(...Object.keys(signers));
/** Texts of any code units, half surrogate pairs among them. */
const text = fc.string({
  unit: fc.integer({ max: 0xffff, min: 0 }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
});
const field = fc.oneof(
  text,
  fc.constantFrom("message", "template", "voice", "__proto__", "price", "{", "%ff", "a=b&c"),
);
const values = fc.dictionary(field, text, { maxKeys: 6, noNullPrototype: false });
/** What a request can carry. */
const sendable = fc.dictionary(fc.string({ unit: "binary", minLength: 1 }), fc.string({ unit: "binary" }), {
  maxKeys: 6,
});
const form = fc.oneof(
  text,
  values.map((sent) => new URLSearchParams(sent).toString()),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.constantFrom("x=" + "y".repeat(20_000), "&".repeat(3_000), "%", "a[]=1&a[]=2", '{"message": "hello"}'),
);
const kind = fc.constantFrom("application/x-www-form-urlencoded", "application/json", "multipart/form-data", "", "é;;");
const base64 = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((made) => Buffer.from(made).toString("base64"));

test("of 10,000 fuzzed requests none that is unsigned is served, and none is a fault", async () => {
  const around = new Known();
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(names, values, form, kind, base64(20), base64(32), fc.boolean(), async (...sent) => {
      const [name, query, body, contentType, twilio, plivo, isBase64Encoded] = sent;
      const signatures = {
        "X-Twilio-Signature": twilio,
        "X-Plivo-Signature-V3": plivo,
        "X-Plivo-Signature-V3-Nonce": "1",
      };
      const headers = { "Content-Type": contentType, ...signatures };
      const answer = await answered(request(name, query, body, headers, { isBase64Encoded }), around);
      seen.add(answer.statusCode);
      return answer.statusCode === 403 || answer.statusCode === 413;
    }),
    { numRuns: 10_000, seed: 1 },
  );
  expect(around.stitched).toEqual([]);
  expect(seen).toEqual(new Set([403, 413]));
});

test("whatever a provider signs gets its document", async () => {
  const around = new Known();
  await fc.assert(
    fc.asyncProperty(names, sendable, sendable, async (name, query, sent) => {
      const answer = await answered(signedRequest(name, query, sent), around);
      return answer.statusCode === 200 && answer.body.endsWith("</Response>\n");
    }),
    { numRuns: 500, seed: 1 },
  );
});
