import { signal } from "@preact/signals";
import { type ComponentType, render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { keepToken } from "./config";
import { Notice } from "./parts/notice";
import { RecordPage } from "./record/page";
import { type Page, nameOf, page, readClips, readVoices, say, told, voice, voices } from "./store";
import { pending, stopped, watch } from "./uploads";

const TITLES: Record<Page, string> = {
  record: "Record",
  compose: "Compose",
  campaign: "Campaign",
  voices: "Voices",
  pictures: "Pictures",
};

/** The pages that are not part of the first file. */
const OTHERS: Record<Exclude<Page, "record">, () => Promise<ComponentType>> = {
  compose: () => import("./compose/page").then((made) => made.ComposePage),
  campaign: () => import("./campaign/page").then((made) => made.CampaignPage),
  voices: () => import("./voices/page").then((made) => made.VoicesPage),
  pictures: () => import("./pictures/page").then((made) => made.PicturesPage),
};

const LATER_MS = 700;
const loaded = signal<Partial<Record<Page, ComponentType>>>({ record: RecordPage });

async function load(name: Page): Promise<void> {
  if (name === "record" || loaded.value[name]) return;
  const made = await OTHERS[name]();
  loaded.value = { ...loaded.value, [name]: made };
}

function Header() {
  return (
    <header>
      <span class="brand">
        Audio <i>Stitcher</i>
      </span>
      <nav aria-label="Pages">
        {Object.entries(TITLES).map(([name, title]) => (
          <a href={`#/${name}`} aria-current={page.value === name ? "page" : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <span class="voice">
        <label>
          <span aria-hidden="true">Voice </span>
          <select
            aria-label="Voice"
            value={voice.value}
            onChange={(event) => (voice.value = event.currentTarget.value)}
            dir="auto"
          >
            {[...new Set([voice.value, ...voices.value.map((one) => one.voice)])].sort().map((one) => (
              <option value={one} selected={one === voice.value}>
                {nameOf(one)}
              </option>
            ))}
          </select>
        </label>
        {pending.value > 0 && <span role="status">· {pending.value} waiting to upload</span>}
      </span>
      {pending.value > 0 && stopped.value && (
        <p class="chip bad" role="status">
          {stopped.value}
        </p>
      )}
    </header>
  );
}

function Studio() {
  const Body = loaded.value[page.value];
  document.title = `${TITLES[page.value]} · Audio Stitcher`;
  const main = useRef<HTMLElement>(null);
  const shown = useRef(page.value);
  useEffect(() => {
    if (shown.current === page.value) return;
    shown.current = page.value;
    main.current?.focus({ preventScroll: true }); // the next Tab is in the page that was opened
    scrollTo(0, 0);
  }, [page.value]);
  return (
    <>
      <Header />
      <main ref={main} class={page.value === "compose" ? "three" : "two"} tabIndex={-1} aria-labelledby="title">
        <h1 class="hidden" id="title">
          {TITLES[page.value]}
        </h1>
        {Body ? <Body /> : <p class="quiet">Opening …</p>}
      </main>
      <Notice />
    </>
  );
}

keepToken();
page.subscribe((name) => {
  load(name).catch(() => {
    say("This page cannot be loaded: check the network, then open it again.");
  });
});
const root = document.getElementById("studio");
if (root) {
  root.textContent = "";
  render(<Studio />, root);
}
// What the first picture does not need comes after it.
requestAnimationFrame(() => {
  setTimeout(() => {
    told(readVoices());
    voice.subscribe(() => {
      told(readClips());
    });
    watch();
    addEventListener("online", () => {
      told(Promise.all([readVoices(), readClips()]));
    });
  });
});
addEventListener("load", () => {
  // The other pages, so that they open at once, and without a network.
  setTimeout(() => {
    for (const name of Object.keys(OTHERS)) load(name as Page).catch(() => undefined);
    // Where there is none, the page works, but does not open without a network.
    if ("serviceWorker" in navigator) navigator.serviceWorker.register("worker.js").catch(() => undefined);
  }, LATER_MS);
});
addEventListener("dragover", (event) => {
  event.preventDefault();
});
addEventListener("drop", (event) => {
  // A file that is dropped beside its place would replace the page.
  event.preventDefault();
});
