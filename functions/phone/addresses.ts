import type { APIGatewayProxyEvent } from "aws-lambda";

const escaped = (text: string): string => encodeURIComponent(text.toWellFormed());

/** The usual ways to write a text in a query. */
const ENCODERS: ((text: string) => string)[] = [
  escaped,
  (text) => escaped(text).replaceAll("%20", "+"),
  (text) => escaped(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`),
  (text) => escaped(text).replace(/%(2C|3A|2F|40|3B|24)/g, decodeURIComponent),
];

/**
 * The addresses of the request that a provider may have signed, the likeliest first.
 *
 * A provider signs the address as it was set up. API Gateway's REST APIs decode the query, and lose the order of its
 * parameters (aws-lambda-go #469); Twilio signs them as set up, but sends them in alphabetical order (twilio-php
 * #790). So the parameters are to be set up in alphabetical order, and the usual ways to escape them are tried.
 *
 * @param base where `/calls/…` is for the provider; empty where that is API Gateway's own address
 */
export function addresses(event: APIGatewayProxyEvent, base: string): string[] {
  const { domainName, path } = event.requestContext;
  const place = base === "" ? `https://${domainName ?? ""}${path}` : base + event.path;
  const sent = Object.entries(event.multiValueQueryStringParameters ?? {}).flatMap(([name, values]) =>
    (values ?? []).map((value): [string, string] => [name, value]),
  );
  if (sent.length === 0) return [place];
  const sorted = sent.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)));
  const queries = [sorted, sent].flatMap((order) =>
    ENCODERS.map((encode) => order.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&")),
  );
  return [...new Set(queries)].map((query) => `${place}?${query}`);
}
