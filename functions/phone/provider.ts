import type { ParsedUrlQuery } from "node:querystring";

/** A webhook's request, as far as a provider's signature covers it. */
export interface Call {
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The fields of the body. */
  readonly form: ParsedUrlQuery;
}

/** What a telephony provider does in its own way. Each has one file in providers/, which exports it as `provider`. */
export interface Provider {
  /** The `format` of `POST /stitch` that its player takes. */
  readonly format: string;
  /** The signatures that the request carries; only those of the provider's form, so that others cost nothing more. */
  signatures(call: Call): string[];
  /** Whether the signature is the one that the secret gives for this request to `address`. */
  verifies(signature: string, call: Call, address: string, secret: string): boolean;
  /** The document that plays the audio at `link` and ends the call. */
  play(link: string): string;
  /** The document that ends the call: nothing can be said. `code` says why, to those who read the provider's log. */
  end(code: string): string;
}
