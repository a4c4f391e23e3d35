/** A refusal or a fault in the form of all of them (RFC 9457; src/stitcher/errors.py). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly success: false;
}

function problem(status: number, code: string, title: string, detail: string): Problem {
  return { type: `urn:audio-stitcher:${code}`, title, status, code, detail, success: false };
}

export const FORBIDDEN = problem(
  403,
  "forbidden",
  "The call is not allowed",
  "the request needs a right signature of the telephony provider",
);
export const UNKNOWN = problem(404, "not_found", "There is nothing here", "this telephony provider is not configured");
export const TOO_LARGE = problem(413, "message_too_long", "The message is too long", "the request is over 16 KiB");
export const FAULT = problem(
  500,
  "fault",
  "The service failed; try again",
  "the fault is ours; the log has the reason",
);
