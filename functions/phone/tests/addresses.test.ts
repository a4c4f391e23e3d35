import { expect, test } from "vitest";

import { addresses } from "../addresses";
import { provider } from "../providers/twilio";
import { request } from "./sample";

test("the signature of Twilio's documentation is right, in whichever order its address arrives", () => {
  const form = { CallSid: "CA1234567890ABCDE", Caller: "+14158675309", Digits: "1234", From: "+14158675309" };
  const call = { headers: new Map<string, string>(), form: { ...form, To: "+18005551212" } };
  const signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
  const address = "https://mycompany.com/myapp.php?foo=1&bar=2";
  expect(provider.verifies(signature, call, address, "12345")).toBe(true);
  expect(provider.verifies(signature, call, address.replace("1", "2"), "12345")).toBe(false);
});

test("an address without a query is one address", () => {
  const event = request("twilio", {}, "", {});
  expect(addresses(event, "")).toEqual(["https://abc.execute-api.ap-south-1.amazonaws.com/dev/calls/twilio"]);
  expect(addresses(event, "https://calls.example.org")).toEqual(["https://calls.example.org/calls/twilio"]);
});

test.each([
  ["a=1&message=hello,%20you", { message: "hello, you", a: "1" }],
  ["a=1&message=hello%2C%20you", { message: "hello, you", a: "1" }],
  ["message=hello%2C+you", { message: "hello, you" }],
  ["message=that's (it)!*".replaceAll(" ", "%20"), { message: "that's (it)!*" }],
  ["message=that%27s%20%28it%29%21%2A", { message: "that's (it)!*" }],
  ["message=%E0%A4%86", { message: "आ" }],
  ["message=a+b%26c%3Dd%2Be", { message: "a b&c=d+e" }],
  ["b=1&a=2", { b: "1", a: "2" }],
])("%s is among the addresses that may be signed", (query, values) => {
  const found = addresses(request("twilio", values, "", {}), "https://c.example");
  expect(found).toContain(`https://c.example/calls/twilio?${query}`);
});
