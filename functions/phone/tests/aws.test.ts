import { type SFNClient, StartSyncExecutionCommand } from "@aws-sdk/client-sfn";
import { type GetParameterCommand, ParameterNotFound, type SSMClient } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";

import { FRESH_MS, Parameters } from "../parameters";
import { stitch } from "../workflow";

function store(values: Record<string, string>): { client: SSMClient; asked: string[] } {
  const asked: string[] = [];
  const send = (command: GetParameterCommand) => {
    const { Name: name = "", WithDecryption: decrypted } = command.input;
    asked.push(`${name} ${String(decrypted)}`);
    const missing = new ParameterNotFound({ message: name, $metadata: {} });
    const value = values[name];
    return value === undefined ? Promise.reject(missing) : Promise.resolve({ Parameter: { Value: value } });
  };
  return { client: { send } as unknown as SSMClient, asked };
}

test("a parameter is asked for once a minute, decrypted, and so is one that there is not", async () => {
  const values: Record<string, string> = { "/p/calls/twilio": "one" };
  const { client, asked } = store(values);
  let now = 0;
  const parameters = new Parameters(client, "/p/calls/", () => now);
  expect([await parameters.read("twilio"), await parameters.read("twilio")]).toEqual(["one", "one"]);
  expect([await parameters.read("plivo"), await parameters.read("plivo")]).toEqual([undefined, undefined]);
  expect(asked).toEqual(["/p/calls/twilio true", "/p/calls/plivo true"]);
  values["/p/calls/twilio"] = "two";
  now = FRESH_MS - 1;
  expect(await parameters.read("twilio")).toBe("one");
  now = FRESH_MS;
  expect(await parameters.read("twilio")).toBe("two");
});

test("a fault of Systems Manager is a fault, and is not remembered", async () => {
  let tries = 0;
  const send = () =>
    ++tries === 1 ? Promise.reject(new Error("down")) : Promise.resolve({ Parameter: { Value: "v" } });
  const parameters = new Parameters({ send } as unknown as SSMClient, "/");
  await expect(parameters.read("a")).rejects.toThrow("down");
  expect(await parameters.read("a")).toBe("v");
});

function workflow(execution: object): { client: SFNClient; sent: StartSyncExecutionCommand[] } {
  const sent: StartSyncExecutionCommand[] = [];
  const send = (command: StartSyncExecutionCommand) => {
    sent.push(command);
    return Promise.resolve(execution);
  };
  return { client: { send } as unknown as SFNClient, sent };
}

const output = (status: number, body: object) => JSON.stringify({ status, body: JSON.stringify(body) });

test("the workflow gets the request as the API hands it over, and gives the link or the refusal", async () => {
  const made = workflow({ status: "SUCCEEDED", output: output(200, { public_url: "https://a.example" }) });
  const request = { message: "hello", format: "mp3" };
  expect(await stitch(made.client, "arn", request, "id")).toEqual({ link: "https://a.example" });
  expect(made.sent[0]?.input).toEqual({
    stateMachineArn: "arn",
    name: "id",
    input: JSON.stringify({ request, accept: "" }),
  });
  const refused = workflow({ status: "SUCCEEDED", output: output(422, { code: "missing_words" }) });
  expect(await stitch(refused.client, "arn", request, "id")).toEqual({ code: "missing_words" });
});

test.each(["FAILED", "TIMED_OUT", undefined])("a workflow that ends as %s is a fault", async (status) => {
  await expect(stitch(workflow({ status }).client, "arn", { message: "a", format: "mp3" }, "id")).rejects.toThrow();
});
