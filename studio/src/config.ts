/** Where the API is and how the page gets credentials: `config.json` beside the page. */
export interface Config {
  /** The stack's output ApiUrl. */
  apiUrl: string;
  region: string;
  /** Gives credentials as JSON to a GET with the token as a bearer. */
  credentials: string;
}

/** Temporary credentials, as the address `credentials` gives them. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

const TOKEN = "studio-token";
/** Credentials are asked for anew after this time. */
const FRESH_MS = 5 * 60_000;

/** Why nothing answered. */
export const unreached = () =>
  navigator.onLine
    ? "The service cannot be reached: check the network, then try again."
    : "There is no network. What you record is kept on this device, and sent when there is one.";

/** What a link of the service's leads to. Rejects with a sentence for people. */
export async function linked(link: string, headers: Record<string, string> = {}): Promise<Response> {
  const answer = await fetch(link, { headers }).catch((error: unknown) => {
    throw new Error(unreached(), { cause: error });
  });
  if (!answer.ok) throw new Error("The link to it has ended, or it is gone: open this page anew, then try again.");
  return answer;
}

let config: Promise<Config> | undefined;
let known: { at: number; credentials: Promise<Credentials> } | undefined;

/** Keep the token of the address `…/#token=…`, and take it out of the address. */
export function keepToken(): void {
  const named = /^#token=([\w-]+)$/.exec(location.hash);
  if (named?.[1]) {
    localStorage.setItem(TOKEN, named[1]);
    history.replaceState(null, "", "#/record");
  }
}

/** Rejects with a sentence for people. */
export function settings(): Promise<Config> {
  config ??= own<Config>("config.json");
  config.catch(() => (config = undefined));
  return config;
}

/** The credentials; `anew` where the last ones did not work. Rejects with a sentence for people. */
export async function credentials(anew = false): Promise<Credentials> {
  if (anew || !known || Date.now() - known.at > FRESH_MS) {
    known = { at: Date.now(), credentials: asked() };
    known.credentials.catch(() => (known = undefined));
  }
  return known.credentials;
}

async function asked(): Promise<Credentials> {
  const { credentials: address } = await settings();
  return own<Credentials>(address, { Authorization: `Bearer ${localStorage.getItem(TOKEN) ?? ""}` });
}

/** A document of what serves this page, or the sentence of its refusal. */
async function own<T>(address: string, headers: Record<string, string> = {}): Promise<T> {
  const answer = await fetch(address, { headers }).catch((error: unknown) => {
    const isLocal = navigator.onLine && location.hostname === "127.0.0.1";
    const stopped = "The studio was stopped: run `make studio` again, and open the address that it prints.";
    throw new Error(isLocal ? stopped : unreached(), { cause: error });
  });
  const found = (await answer.json().catch(() => null)) as (T & { message?: string }) | null;
  if (!answer.ok || !found) throw new Error(found?.message ?? "This page may not call the service: sign in again.");
  return found;
}
