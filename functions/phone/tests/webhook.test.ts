import { readdirSync } from "node:fs";

import type { APIGatewayProxyResult } from "aws-lambda";
import { describe, expect, test } from "vitest";

import { BODY_BYTES, answered } from "../webhook";
import { DOMAIN, Known, LINK, SECRET, request, signedRequest, signers } from "./sample";

const CALL = { CallSid: "CA12", From: "+911234567890", To: "+18005551212", Digits: "42" };
const names = Object.keys(signers);

function code(answer: APIGatewayProxyResult): string {
  return (JSON.parse(answer.body) as { code: string }).code;
}

test("every provider is tried here", () => {
  const files = readdirSync(`${import.meta.dirname}/../providers`);
  expect(files.sort()).toEqual(names.map((name) => `${name}.ts`).sort());
});

describe.each(names)("%s", (name) => {
  test("a signed call hears its message", async () => {
    const around = new Known();
    const answer = await answered(signedRequest(name, { message: "hello, shreeshail", voice: "hindi" }, CALL), around);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers?.["Content-Type"]).toBe("text/xml; charset=utf-8");
    expect(answer.body).toContain(`<Response><Play>${LINK.replaceAll("&", "&amp;")}</Play></Response>`);
    expect(around.stitched).toEqual([{ message: "hello, shreeshail", voice: "hindi", format: "mp3" }]);
  });

  test("a template gets its fields from the address and from the call", async () => {
    const around = new Known();
    around.parameters["templates/code"] = "{crop} {Digits}";
    await answered(signedRequest(name, { crop: "आलू", template: "code" }, CALL), around);
    expect(around.stitched[0]?.message).toBe("आलू 42");
  });

  test("a field of the address counts before one of the call", async () => {
    const around = new Known();
    await answered(signedRequest(name, { message: "hello" }, { ...CALL, message: "other" }), around);
    expect(around.stitched[0]?.message).toBe("hello");
  });

  test.each([
    ["an unknown template", { template: "none" }, "unknown_template"],
    ["a template's name that is a path", { template: "../twilio" }, "unknown_template"],
    ["a field that is not given", { crop: "onion", template: "price" }, "missing_field"],
    ["an empty field", { crop: " ", price: "5", template: "price" }, "missing_field"],
    ["nothing to say", {}, "invalid_request"],
    ["two things to say", { message: "hello", template: "price" }, "invalid_request"],
  ])("%s ends the call", async (_, query, problem) => {
    const around = new Known();
    const answer = await answered(signedRequest(name, query, CALL), around);
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain(`<Response><!-- cannot be said ${problem} --><Hangup/></Response>`);
    expect(around.stitched).toEqual([]);
  });

  test("words without a clip end the call", async () => {
    const around = new Known();
    around.stitch = () => Promise.resolve({ code: "missing_words" });
    const answer = await answered(signedRequest(name, { message: "hello" }, CALL), around);
    expect(answer.body).toContain("<!-- cannot be said missing_words --><Hangup/>");
  });

  test("a field that is given twice is not certain", async () => {
    const event = signedRequest(name, { message: "hello" }, {});
    const twice = `message=a&message=b`;
    const address = `https://${DOMAIN}/dev/calls/${name}`;
    const headers = { ...event.headers, ...signers[name]?.(address, { message: "amessageb" }, SECRET) };
    const answer = await answered(request(name, {}, twice, headers as Record<string, string>), new Known());
    expect(answer.body).toContain("cannot be said invalid_request");
  });

  test("what is unsigned costs no call to AWS", async () => {
    const around = new Known();
    const unsigned = await answered(request(name, { message: "hello" }, "CallSid=1", {}), around);
    const misshapen = await answered(
      request(name, {}, "", {
        "X-Twilio-Signature": "x",
        "X-Plivo-Signature-V3": "é",
        "X-Plivo-Signature-V3-Nonce": "1",
      }),
      around,
    );
    for (const answer of [unsigned, misshapen]) {
      expect([answer.statusCode, code(answer)]).toEqual([403, "forbidden"]);
    }
    expect(around.asked).toEqual([]);
  });

  test.each([
    ["another secret", signedRequest(name, { message: "hello" }, CALL, "another")],
    ["another address", { ...signedRequest(name, { message: "hello" }, CALL), pathParameters: { provider: name } }],
    ["another body", { ...signedRequest(name, { message: "hello" }, CALL), body: "CallSid=other" }],
  ])("a signature for %s is refused", async (kind, event) => {
    if (kind === "another address") event.multiValueQueryStringParameters = { message: ["other"] };
    const around = new Known();
    expect((await answered(event, around)).statusCode).toBe(403);
    expect([around.asked, around.stitched]).toEqual([[name], []]);
  });

  test("a large body is refused before its signature is looked at", async () => {
    const event = signedRequest(name, { message: "hello" }, { text: "x".repeat(BODY_BYTES) });
    const around = new Known();
    expect((await answered(event, around)).statusCode).toBe(413);
    const base64 = Buffer.alloc(BODY_BYTES + 1).toString("base64");
    expect((await answered({ ...event, body: base64, isBase64Encoded: true }, around)).statusCode).toBe(413);
    expect(around.asked).toEqual([]);
  });

  test("a body in base64 is the same body", async () => {
    const event = signedRequest(name, { message: "hello" }, CALL);
    const body = Buffer.from(event.body ?? "").toString("base64");
    expect((await answered({ ...event, body, isBase64Encoded: true }, new Known())).body).toContain("<Play>");
  });

  test("while a secret is changed, the old one and the new one count", async () => {
    const around = new Known();
    around.parameters[name] = `the-new-one,\n${SECRET}`;
    for (const secret of ["the-new-one", SECRET]) {
      expect((await answered(signedRequest(name, { message: "hello" }, CALL, secret), around)).statusCode).toBe(200);
    }
    expect((await answered(signedRequest(name, { message: "hello" }, CALL, ""), around)).statusCode).toBe(403);
  });

  test("a provider without a stored secret is a fault of ours, and lets nobody in", async () => {
    const around = new Known();
    for (const stored of [undefined, "", " , "]) {
      around.parameters = stored === undefined ? {} : { [name]: stored };
      const answer = await answered(signedRequest(name, { message: "hello" }, CALL, ""), around);
      expect(answer.statusCode).toBe(500);
    }
    expect(around.stitched).toEqual([]);
    expect(around.logged[0]).toContain("NoSecret");
  });

  test("a fault is a 500 without details, and the log has no person's number", async () => {
    const around = new Known();
    around.stitch = () => Promise.reject(new Error(`+911234567890 ${SECRET}`));
    const answer = await answered(signedRequest(name, { message: "my words" }, CALL), around);
    expect([answer.statusCode, code(answer)]).toEqual([500, "fault"]);
    await answered(signedRequest(name, { message: "my words" }, CALL), new Known());
    await answered(signedRequest(name, { message: "my words" }, CALL, "wrong"), around);
    for (const text of ["+9112", "+1800", "my words", SECRET, "CA12"]) {
      expect(around.logged.join() + answer.body).not.toContain(text);
    }
  });
});

test("a provider that is not configured is not there", async () => {
  for (const name of ["other", "", "../twilio", "constructor", "__proto__"]) {
    const around = new Known();
    around.provider = () => Promise.resolve(undefined);
    const answer = await answered(request(name, {}, "", {}), around);
    expect([answer.statusCode, code(answer)]).toEqual([404, "not_found"]);
  }
});

test("behind an address of one's own, that address is what was signed", async () => {
  class Behind extends Known {
    override readonly base = "https://calls.example.org/eu";
  }
  const headers = signers.twilio?.("https://calls.example.org/eu/calls/twilio?message=hello", CALL, SECRET) ?? {};
  const event = request("twilio", { message: "hello" }, new URLSearchParams(CALL).toString(), headers);
  expect((await answered(event, new Behind())).statusCode).toBe(200);
  expect((await answered(event, new Known())).statusCode).toBe(403);
});
