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

export function settings(): Promise<Config> {
  config ??= fetch("config.json").then((answer) => answer.json() as Promise<Config>);
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
  const answer = await fetch(address, { headers: { Authorization: `Bearer ${localStorage.getItem(TOKEN) ?? ""}` } });
  if (!answer.ok) throw new Error("This page may not call the service: open the address that `make studio` printed.");
  return (await answer.json()) as Credentials;
}
