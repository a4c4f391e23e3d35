import { validateRequest } from "twilio/lib/webhooks/webhooks";

import type { Provider } from "../provider";
import { comment, document, element } from "../xml";

/** HMAC-SHA1 in base64 (Twilio, "Webhooks security"). */
const SIGNATURE = /^[A-Za-z0-9+/]{27}=$/;

export const provider: Provider = {
  format: "mp3",
  signatures(call) {
    const signature = call.headers.get("x-twilio-signature") ?? "";
    return SIGNATURE.test(signature) ? [signature] : [];
  },
  verifies: (signature, call, address, secret) => validateRequest(secret, signature, address, call.form),
  play: (link) => document("Response", element("Play", link)),
  end: (code) => document("Response", comment(code) + element("Hangup")),
};
