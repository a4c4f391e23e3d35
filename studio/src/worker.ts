/**
 * Keeps the page's own files, so that it opens without a network. It keeps nothing else: no settings, no credentials, no sound.
 * The network is asked first: who has one never sees an old page.
 */
interface Extended extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Asked extends Extended {
  readonly request: Request;
  readonly clientId: string;
  readonly resultingClientId: string;
  respondWith(answer: Promise<Response>): void;
}
declare const self: {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(kind: "install" | "activate", heard: (event: Extended) => void): void;
  addEventListener(kind: "fetch", heard: (event: Asked) => void): void;
};
/** Of the page, from its folder; the page itself is "./". build.js knows them. */
declare const FILES: readonly string[];
/** Changes with their content. */
declare const VERSION: string;

const CACHE = `studio ${VERSION}`;
/** A network that does not answer within this time is as good as none. */
const PATIENCE_MS = 4000;
/** Pages that came from what is kept: their other files come from there, too, so that all are of one version. */
const unplugged = new Set<string>();

self.addEventListener("install", (event) => {
  const files = FILES.map((name) => new Request(name, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(files)));
  void self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => names.filter((name) => name.startsWith("studio ") && name !== CACHE));
  event.waitUntil(old.then((names) => Promise.all(names.map((name) => caches.delete(name)))));
  event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const [address = ""] = url.split(/[?#]/);
  const name = address.startsWith(self.registration.scope) && address.slice(self.registration.scope.length);
  const file = name === "" || name === "index.html" ? "./" : name;
  if (method === "GET" && file && FILES.includes(file)) event.respondWith(answer(event, file));
});

async function answer({ request, clientId, resultingClientId }: Asked, file: string): Promise<Response> {
  const asked = () => fetch(request);
  if (!unplugged.has(clientId)) {
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE_MS));
    const found = await Promise.race([asked().catch(() => undefined), late]);
    if (found && found.status < 500) return found;
  }
  const kept = await (await caches.open(CACHE)).match(file);
  if (!kept) return asked();
  if (resultingClientId) unplugged.add(resultingClientId);
  return kept;
}

export {};
