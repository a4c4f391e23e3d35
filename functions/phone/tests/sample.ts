import { createHmac } from "node:crypto";

import type { APIGatewayProxyEvent } from "aws-lambda";

import { provider as plivo } from "../providers/plivo";
import { provider as twilio } from "../providers/twilio";
import type { Surroundings } from "../webhook";
import type { StitchRequest } from "../workflow";

export const SECRET = "0123-not-a-real-secret";
export const DOMAIN = "abc.execute-api.ap-south-1.amazonaws.com";
export const LINK = "https://bucket.s3.amazonaws.com/cache/1.mp3?X-Amz-Date=1&X-Amz-Signature=2";
export type Values = Record<string, string>;

/** The headers of a provider for a request that it signs, after its documentation, not after its library. */
export const signers: Record<string, (address: string, form: Values, secret: string) => Values> = {
  twilio: (address, form, secret) => ({
    "X-Twilio-Signature": createHmac("sha1", secret)
      .update(address + joined(form))
      .digest("base64"),
  }),
  plivo(address, form, secret) {
    const [place = "", query = ""] = address.split("?");
    const sorted = query.split("&").map(decodeURIComponent).sort().join("&");
    const [nonce, filled] = ["12345678901234567890", Object.keys(form).length > 0];
    const marked = `${place}${query || filled ? "?" : ""}${sorted}${query && filled ? "." : ""}`;
    const signed = createHmac("sha256", secret)
      .update(`${marked}${joined(form)}.${nonce}`)
      .digest("base64");
    return { "X-Plivo-Signature-V3": signed, "X-Plivo-Signature-V3-Nonce": nonce };
  },
};

function joined(form: Values): string {
  return Object.keys(form)
    .sort()
    .map((name) => `${name}${form[name] ?? ""}`)
    .join("");
}

/** A request as API Gateway hands it over. */
export function request(
  name: string,
  query: Values,
  body: string | null,
  headers: Values,
  more: Partial<APIGatewayProxyEvent> = {},
): APIGatewayProxyEvent {
  const values = Object.entries(query).map(([key, value]): [string, string[]] => [key, [value]]);
  const context = { domainName: DOMAIN, path: `/dev/calls/${name}`, requestId: "r", extendedRequestId: "Xy12z=" };
  return {
    path: `/calls/${name}`,
    pathParameters: { provider: name },
    headers: { "Content-Type": "application/x-www-form-urlencoded", ...headers },
    multiValueQueryStringParameters: values.length > 0 ? Object.fromEntries(values) : null,
    requestContext: context as APIGatewayProxyEvent["requestContext"],
    body,
    isBase64Encoded: false,
    ...more,
  } as APIGatewayProxyEvent;
}

/** A request that the provider signed for the address in alphabetical order. */
export function signedRequest(name: string, query: Values, form: Values, secret = SECRET): APIGatewayProxyEvent {
  const escaped = Object.keys(query)
    .sort()
    .map((key) => `${encodeURIComponent(key)}=${encodeURIComponent(query[key] ?? "")}`);
  const address = `https://${DOMAIN}/dev/calls/${name}${escaped.length > 0 ? `?${escaped.join("&")}` : ""}`;
  const headers = signers[name]?.(address, form, secret) ?? {};
  return request(name, query, new URLSearchParams(form).toString(), headers);
}

/** Surroundings that note what they are asked. */
export class Known implements Surroundings {
  readonly base: string = "";
  readonly asked: string[] = [];
  readonly stitched: StitchRequest[] = [];
  readonly logged: string[] = [];
  parameters: Values = { twilio: SECRET, plivo: SECRET, "templates/price": "{crop} costs {price}" };
  stitch = (made: StitchRequest): Promise<{ link: string } | { code: string }> => {
    this.stitched.push(made);
    return Promise.resolve({ link: LINK });
  };

  provider(name: string) {
    return Promise.resolve({ twilio, plivo }[name]);
  }

  parameter(name: string) {
    this.asked.push(name);
    return Promise.resolve(this.parameters[name]);
  }

  log(outcome: string, details: Record<string, unknown>) {
    this.logged.push(JSON.stringify([outcome, details]));
  }
}
