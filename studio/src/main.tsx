import { render } from "preact";
import { CampaignPage } from "./campaign/page";
import { ComposePage } from "./compose/page";
import { keepToken } from "./config";
import { PicturesPage } from "./pictures/page";
import { RecordPage } from "./record/page";
import { VoicesPage } from "./voices/page";
import { type Page, nameOf, notice, page, readClips, readVoices, told, voice, voices } from "./store";
import { pending, watch } from "./uploads";

const PAGES: Record<Page, [string, () => preact.JSX.Element]> = {
  record: ["Record", RecordPage],
  compose: ["Compose", ComposePage],
  campaign: ["Campaign", CampaignPage],
  voices: ["Voices", VoicesPage],
  pictures: ["Pictures", PicturesPage],
};

function Header() {
  return (
    <header>
      <span class="brand">
        Audio <i>Stitcher</i>
      </span>
      <nav aria-label="Pages">
        {Object.entries(PAGES).map(([name, [title]]) => (
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
    </header>
  );
}

function Notice() {
  const said = notice.value;
  return (
    <div class="notice" role="status" aria-live="polite">
      {said && (
        <p>
          {said.text}
          {said.undo && (
            <button
              onClick={() => {
                said.undo?.();
                notice.value = null;
              }}
            >
              Undo
            </button>
          )}
          <button class="plain" aria-label="Close" onClick={() => (notice.value = null)}>
            ✕
          </button>
        </p>
      )}
    </div>
  );
}

function Studio() {
  const [title, Body] = PAGES[page.value];
  document.title = `${title} · Audio Stitcher`;
  return (
    <>
      <Header />
      <Body />
      <Notice />
    </>
  );
}

keepToken();
const root = document.getElementById("studio");
if (root) {
  root.textContent = "";
  render(<Studio />, root);
}
told(readVoices());
voice.subscribe(() => {
  told(readClips());
});
watch();
addEventListener("dragover", (event) => {
  event.preventDefault();
});
addEventListener("drop", (event) => {
  // A file that is dropped beside its place would replace the page.
  event.preventDefault();
});
