import { type ParsedUrlQuery, parse } from "node:querystring";

import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";

import { addresses } from "./addresses";
import { CannotSay, type Fields, messageOf, one } from "./message";
import type { Call, Provider } from "./provider";
import { FAULT, FORBIDDEN, type Problem, TOO_LARGE, UNKNOWN } from "./problems";
import type { StitchRequest, Stitched } from "./workflow";

/** Bytes of a body; providers send one or two thousand. */
export const BODY_BYTES = 16 * 1024;
const FORM = "application/x-www-form-urlencoded";

/** What the webhook needs from elsewhere. */
export interface Surroundings {
  /** The adapter of a provider that is configured. */
  provider(name: string): Promise<Provider | undefined>;
  /** A parameter's value, by its name under the webhook's path. */
  parameter(name: string): Promise<string | undefined>;
  stitch(request: StitchRequest, id: string): Promise<Stitched>;
  /** Where `/calls/…` is for providers; empty where that is API Gateway's own address. */
  readonly base: string;
  log(outcome: string, details: Record<string, unknown>): void;
}

/**
 * Answers a provider's webhook: its document that plays the message, or that ends the call.
 *
 * What is not signed is refused before anything else is asked, and without a call to AWS if it has no signature at all.
 * Nothing of the request is logged: it names who calls whom.
 */
export async function answered(event: APIGatewayProxyEvent, around: Surroundings): Promise<APIGatewayProxyResult> {
  const id = (event.requestContext.extendedRequestId ?? event.requestContext.requestId).replace(/[^\w-]/g, "");
  const name = event.pathParameters?.provider ?? "";
  const refused = (problem: Problem): APIGatewayProxyResult => {
    around.log("refused", { id, status: problem.status, problem: problem.code });
    return reply(problem.status, "application/problem+json", JSON.stringify(problem), id);
  };
  try {
    const provider = await around.provider(name);
    if (provider === undefined) return refused(UNKNOWN);
    const body = Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf-8");
    if (body.length > BODY_BYTES) return refused(TOO_LARGE);
    const call: Call = { headers: headersOf(event), form: formOf(event, body) };
    if (!(await signed(provider, name, call, event, around))) return refused(FORBIDDEN);
    const document = await said(provider, fieldsOf(event, call.form), id, around);
    return reply(200, "text/xml; charset=utf-8", document, id);
  } catch (error) {
    // Its text may repeat the request.
    around.log("failed", { id, fault: error instanceof Error ? error.name : "unknown" });
    return reply(FAULT.status, "application/problem+json", JSON.stringify(FAULT), id);
  }
}

async function signed(
  provider: Provider,
  name: string,
  call: Call,
  event: APIGatewayProxyEvent,
  around: Surroundings,
): Promise<boolean> {
  const signatures = provider.signatures(call).slice(0, 4);
  if (signatures.length === 0) return false;
  const secrets = ((await around.parameter(name)) ?? "").split(/[\s,]+/).filter((secret) => secret !== "");
  if (secrets.length === 0) throw new NoSecret();
  return addresses(event, around.base).some((address) =>
    secrets.some((secret) => signatures.some((signature) => verifies(provider, signature, call, address, secret))),
  );
}

class NoSecret extends Error {
  override name = "NoSecret";
}

/** The libraries throw at addresses and texts that they cannot read: then it is no signature of theirs. */
function verifies(provider: Provider, signature: string, call: Call, address: string, secret: string): boolean {
  try {
    return provider.verifies(signature, call, address, secret);
  } catch {
    return false;
  }
}

async function said(provider: Provider, fields: Fields, id: string, around: Surroundings): Promise<string> {
  const ended = (code: string): string => {
    around.log("not said", { id, problem: code });
    return provider.end(`cannot be said ${code}`);
  };
  try {
    const message = await messageOf(fields, (template) => around.parameter(`templates/${template}`));
    const voice = one(fields, "voice");
    const request = { message, format: provider.format, ...(voice === undefined ? {} : { voice }) };
    const stitched = await around.stitch(request, id);
    if ("code" in stitched) return ended(stitched.code);
    around.log("said", { id });
    return provider.play(stitched.link);
  } catch (error) {
    if (error instanceof CannotSay) return ended(error.code);
    throw error;
  }
}

function headersOf(event: APIGatewayProxyEvent): ReadonlyMap<string, string> {
  return new Map(Object.entries(event.headers).map(([name, value]) => [name.toLowerCase(), value ?? ""]));
}

/** The body's fields; none where it is no form: a signature of it then covers none. */
function formOf(event: APIGatewayProxyEvent, body: Buffer): ParsedUrlQuery {
  const kind = (headersOf(event).get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  return kind === FORM ? parse(body.toString("utf-8")) : {};
}

/** The fields of the address and of the body; where both have one, the address counts, which is the operator's. */
function fieldsOf(event: APIGatewayProxyEvent, form: ParsedUrlQuery): Fields {
  const fields = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(form)) fields.set(name, [value ?? []].flat());
  for (const [name, values] of Object.entries(event.multiValueQueryStringParameters ?? {})) {
    fields.set(name, values ?? []);
  }
  return fields;
}

function reply(statusCode: number, kind: string, body: string, id: string): APIGatewayProxyResult {
  return { statusCode, headers: { "Content-Type": kind, "X-Request-Id": id, "Cache-Control": "no-store" }, body };
}
