import { validateV3Signature } from "plivo/dist/utils/v3Security";

import type { Provider } from "../provider";
import { comment, document, element } from "../xml";

/** HMAC-SHA256 in base64 (Plivo, "Signature validation", version 3). */
const SIGNATURE = /^[A-Za-z0-9+/]{43}=$/;
const NONCE = /^[!-~]{1,128}$/;
/** By the token of the account that the call belongs to, and by the main account's. */
const HEADERS = ["x-plivo-signature-v3", "x-plivo-signature-ma-v3"];

export const provider: Provider = {
  format: "mp3",
  signatures(call) {
    if (!NONCE.test(nonce(call.headers))) return [];
    const sent = HEADERS.flatMap((name) => (call.headers.get(name) ?? "").split(","));
    return sent.map((one) => one.trim()).filter((one) => SIGNATURE.test(one));
  },
  verifies(signature, call, address, secret) {
    // The library sorts the lists that it gets.
    const form = Object.fromEntries(
      Object.entries(call.form).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]),
    );
    return validateV3Signature("POST", address, nonce(call.headers), secret, signature, form);
  },
  play: (link) => document("Response", element("Play", link)),
  end: (code) => document("Response", comment(code) + element("Hangup")),
};

function nonce(headers: ReadonlyMap<string, string>): string {
  return headers.get("x-plivo-signature-v3-nonce") ?? "";
}
