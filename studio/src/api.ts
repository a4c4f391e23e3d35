import { AwsClient } from "aws4fetch";
import { credentials, settings, unreached } from "./config";
import type { components } from "./openapi";

type Schemas = components["schemas"];
export type Plan = Schemas["PlanAnswer"];
export type ClipSegment = Schemas["ClipSegment"];
export type Message = Schemas["Answer"];
export type Request = Schemas["StitchRequest"];
export type Clip = Schemas["ClipEntry"];
/** A recording that the service does not read, and why. */
export type Unread = Schemas["Unusable"];
export type ClipAnswer = Schemas["ClipAnswer"];
export type Voice = Schemas["VoiceEntry"];
export type Settings = Schemas["SettingsAnswer"];

/** A refusal or a fault, with the service's own sentence. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Schemas["Problem"]>,
    readonly requestId: string,
  ) {
    super(sentenceOf(status, problem, requestId));
  }

  /** Whether the same call is refused again: it is no matter of time, of the network or of who signs in. */
  get isFinal(): boolean {
    return this.status >= 400 && this.status < 500 && ![403, 408, 429].includes(this.status);
  }
}

/** A refusal in words for people; of a fault, what those who run the service need to find it. */
function sentenceOf(status: number, { detail, title }: Refusal["problem"], requestId: string): string {
  if (status === 429) return "There are too many calls at this time: wait some seconds, then try again.";
  if (status < 500) return detail ?? title ?? `The service refused the call (${status.toString()}).`;
  const whose = requestId ? ` If it fails again, tell those who run the service this number: ${requestId}` : "";
  return `${title ?? `The service failed (${status.toString()}); try again`}.${whose}`;
}

/** One part of a path, as SigV4 wants it. */
const part = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** A voice as paths name it. */
const voicePart = (voice: string) => part(voice || "-");

/** The service answers within 30 s, or never. */
const PATIENCE_MS = 40_000;
/** A clock that is no further off is right: a signature works for five minutes. */
const CLOCK_MS = 60_000;

let behind = 0;

/** The time by the service's clock, in ms: this device's may be wrong. */
export const now = () => Date.now() + behind;

/** Which of the roles (docs/studio.md) may make a call. */
function roleFor(method: string, path: string): "listener" | "recorder" | "editor" {
  if (/^(GET \/voices\b|POST \/(stitch|plans)$)/.test(`${method} ${path}`)) return "listener";
  return method === "POST" && path.startsWith("/voices/") ? "recorder" : "editor";
}

/** Why a call is not allowed, in words for who made it. */
function forbidden(answer: Response, method: string, path: string): string {
  const kind = answer.headers.get("x-amzn-errortype") ?? "";
  if (!kind.startsWith("AccessDenied"))
    return "The service does not take these credentials, or they have ended: sign in again, then open this page anew.";
  const role = roleFor(method, path);
  const may = { listener: "not even listen", recorder: "listen, but not record", editor: "not do this" }[role];
  return `You may ${may}: ask those who run the service for the role “${role}”.`;
}

async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const { apiUrl, region } = await settings();
  for (const anew of [false, true]) {
    const client = new AwsClient({ ...(await credentials(anew)), region, service: "execute-api", retries: 0 });
    const patience = AbortSignal.timeout(PATIENCE_MS);
    const sent = client.fetch(apiUrl.replace(/\/$/, "") + path, {
      method,
      aws: { datetime: new Date(now()).toISOString().replace(/[:-]|\.\d{3}/g, "") },
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });
    const [answer, text] = await sent
      .then(async (found) => [found, await found.text()] as const)
      .catch((error: unknown) => {
        throw signal?.aborted ? error : new Error(unreached(), { cause: error });
      });
    if (answer.ok) return JSON.parse(text) as T;
    // API Gateway answers keys that it does not know with the status of other bad requests.
    const isUnknown = (answer.headers.get("x-amzn-errortype") ?? "").startsWith("UnrecognizedClient");
    const status = isUnknown ? 403 : answer.status;
    if (status === 403) {
      const theirs = Date.parse(answer.headers.get("date") ?? "");
      if (theirs) behind = Math.abs(theirs - Date.now()) > CLOCK_MS ? theirs - Date.now() : 0;
      // The clock was wrong, or the credentials have ended: once more, with the right ones.
      if (!anew) continue;
    }
    let problem: Partial<Schemas["Problem"]> = {};
    try {
      problem = JSON.parse(text) as Partial<Schemas["Problem"]>;
    } catch {
      // Not the service's own answer.
    }
    if (status === 403 && problem.code !== "blocked") problem.detail = forbidden(answer, method, path);
    throw new Refusal(status, problem, answer.headers.get("x-request-id") ?? "");
  }
  throw new Error("unreachable");
}

export const plan = (request: Request, signal?: AbortSignal) => call<Plan>("POST", "/plans", request, signal);

export const stitch = (request: Request, signal?: AbortSignal) => call<Message>("POST", "/stitch", request, signal);

/** All voices. */
export async function voices(): Promise<Voice[]> {
  const found: Voice[] = [];
  for (let after: string | null = ""; after !== null;) {
    const query: string = after ? `&after=${part(after)}` : "";
    const page: Schemas["VoicesPage"] = await call("GET", `/voices?limit=200${query}`);
    found.push(...page.voices);
    after = page.next;
  }
  return found;
}

/** All clips of a voice and the recordings that are not read, handed over page by page. */
export async function clips(voice: string, each: (page: Clip[], ignored: Unread[]) => void): Promise<void> {
  for (let after: string | null = ""; after !== null;) {
    const query: string = after ? `&after=${part(after)}` : "";
    const page: Schemas["ClipsPage"] = await call("GET", `/voices/${voicePart(voice)}/clips?limit=200${query}`);
    each(page.clips, page.ignored);
    after = page.next;
  }
}

const clipPath = (voice: string, name: string) => `/voices/${voicePart(voice)}/clips/${part(name)}`;

export const clip = (voice: string, name: string) => call<ClipAnswer>("GET", clipPath(voice, name));

export const deleteClip = (voice: string, name: string) =>
  call<Schemas["ClipChanged"]>("DELETE", clipPath(voice, name));

export const restoreClip = (voice: string, name: string, version: string) =>
  call<Schemas["ClipChanged"]>("PUT", clipPath(voice, name), { version });

/** A form works for no longer. */
const UPLOAD_MS = 15 * 60_000;

/** A form of the service, as `postForm` sends it. */
export interface Form {
  url: string;
  fields: Record<string, string>;
}

/** Upload a file with a form of the service. Rejects with `Refusal`, or with another error where there is no network. */
export async function postForm(form: Form, file: Blob, progress: (share: number) => void): Promise<void> {
  const body = new FormData();
  for (const [field, value] of Object.entries(form.fields)) body.append(field, value);
  body.append("file", file);
  await new Promise<void>((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not say how far an upload is
    request.upload.onprogress = (event) => {
      if (event.total) progress(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status < 300) resolve();
      else reject(new Refusal(request.status, { detail: "the storage did not take the file: try again" }, ""));
    };
    request.onerror = () => {
      reject(new Error(unreached()));
    };
    request.ontimeout = request.onerror;
    request.timeout = UPLOAD_MS;
    request.open("POST", form.url);
    request.send(body);
  });
}

/** Upload one recording; rejects as `postForm`. */
export async function upload(
  voice: string,
  name: string,
  file: Blob,
  progress: (share: number) => void,
): Promise<void> {
  const asked = { name, size: file.size };
  const form = await call<Schemas["UploadAnswer"]>("POST", `/voices/${voicePart(voice)}/clips`, asked);
  await postForm(form, file, progress);
}

const settingsPath = (voice: string) => `/voices/${voicePart(voice)}/settings`;

export const voiceSettings = (voice: string) => call<Settings>("GET", settingsPath(voice));

export const changeVoiceSettings = (voice: string, toml: string) =>
  call<Settings>("PUT", settingsPath(voice), { toml });

export type Campaign = Schemas["CampaignAnswer"];

export const createCampaign = (request: Schemas["CampaignRequest"]) => call<Campaign>("POST", "/campaigns", request);

export const campaign = (id: string) => call<Campaign>("GET", `/campaigns/${part(id)}`);

export const checkCampaign = (id: string) => call<Campaign>("POST", `/campaigns/${part(id)}/check`);

export const runCampaign = (id: string) => call<Campaign>("POST", `/campaigns/${part(id)}/run`);

/** The first campaigns by id. */
export const campaigns = async () => (await call<Schemas["CampaignsPage"]>("GET", "/campaigns?limit=100")).campaigns;

export type Picture = Schemas["PictureAnswer"];
export type PictureEntry = Schemas["PictureEntry"];

export const createPicture = (request: Schemas["PictureRequest"]) =>
  call<Schemas["PictureUpload"]>("POST", "/pictures", request);

export const picture = (id: string) => call<Picture>("GET", `/pictures/${part(id)}`);

/** The oldest pictures of a prompt, or of all. */
export const pictures = async (prompt: string) =>
  (await call<Schemas["PicturesPage"]>("GET", `/pictures?limit=100${prompt ? `&prompt=${part(prompt)}` : ""}`))
    .pictures;
