import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Refusal, voiceSettings } from "./api";

const OWN: Record<string, unknown> = {
  "config.json": { apiUrl: "https://x.example/dev", region: "ap-south-1", credentials: "/credentials" },
  "/credentials": { accessKeyId: "A", secretAccessKey: "S" },
};
let answers: Response[] = [];

beforeEach(() => {
  vi.stubGlobal("navigator", { onLine: true });
  vi.stubGlobal("location", { hostname: "x.example", hash: "" });
  vi.stubGlobal("localStorage", { getItem: () => "token" });
  vi.stubGlobal("fetch", (asked: string | Request) => {
    const own = OWN[asked as string];
    const answer = own ? Response.json(own) : answers.shift();
    return answer ? Promise.resolve(answer) : Promise.reject(new TypeError("Failed to fetch"));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const problem = (status: number, body: string, headers: Record<string, string> = {}) =>
  new Response(body, { status, headers });

async function refusal(...given: Response[]): Promise<Error> {
  answers = given;
  return voiceSettings("hindi").then(
    () => new Error("it was answered"),
    (error: unknown) => error as Error,
  );
}

test("too many calls, a fault and an answer that is none of the service's are said in words", async () => {
  const many = await refusal(problem(429, '{"detail": "wait some seconds, then call again"}'));
  expect(many.message).toBe("There are too many calls at this time: wait some seconds, then try again.");
  const fault = await refusal(problem(500, '{"title": "It failed; try again"}', { "x-request-id": "abc" }));
  expect(fault.message).toMatch(/^It failed; try again\..*abc$/);
  expect((await refusal(problem(502, "<html>"))).message).toMatch(/failed \(502\); try again/);
  for (const one of [many, fault]) expect(one instanceof Refusal && one.isFinal).toBe(false);
});

test("what was refused for good says why, and is not tried again", async () => {
  const gone = await refusal(problem(404, '{"detail": "there is no voice"}'));
  expect(gone.message).toBe("there is no voice");
  expect(gone instanceof Refusal && gone.isFinal).toBe(true);
});

test("credentials that end in the middle of a session are asked for anew, once", async () => {
  const ended = () => problem(403, "{}", { "x-amzn-errortype": "ExpiredTokenException" });
  expect((await refusal(ended(), Response.json({ toml: "" }))).message).toBe("it was answered");
  expect((await refusal(ended(), ended())).message).toContain("sign in again");
});

test("an answer that breaks off is a network that cannot be reached", async () => {
  const broken = new ReadableStream({
    start: (controller) => {
      controller.error(new TypeError("network error"));
    },
  });
  expect((await refusal(new Response(broken))).message).toContain("cannot be reached");
  expect((await refusal()).message).toContain("cannot be reached");
});
