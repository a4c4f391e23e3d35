import { nameOf, say, voice, voices } from "../store";
import { Clips } from "./clips";
import { Files } from "./files";
import { SettingsCard } from "./settings";

export function VoicesPage() {
  return (
    <>
      <section class="card side" aria-label="Voice">
        <h2 class="eyebrow">Voices</h2>
        <VoiceList />
        <Files />
        <details>
          <summary>Settings</summary>
          <SettingsCard />
        </details>
      </section>
      <Clips />
    </>
  );
}

function VoiceList() {
  return (
    <>
      <ul class="queue">
        {voices.value.map((one) => (
          <li aria-current={one.voice === voice.value ? "true" : undefined}>
            <button class="plain" onClick={() => (voice.value = one.voice)}>
              <span dir="auto">{nameOf(one.voice)}</span>
              <small>{one.warnings.length ? "faulty settings" : (one.language ?? "")}</small>
            </button>
          </li>
        ))}
      </ul>
      {voices.value
        .find((one) => one.voice === voice.value)
        ?.warnings.map((text) => (
          <p class="chip bad">{text}</p>
        ))}
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const name = new FormData(event.currentTarget).get("name");
          if (typeof name === "string" && name.trim()) {
            voice.value = name.trim();
            event.currentTarget.reset();
            say("The voice is there when its first clip is.");
          }
        }}
      >
        <input
          name="name"
          aria-label="Name of a new voice"
          placeholder="New voice"
          pattern="[\p{L}\p{M}\p{N}_\-]{1,64}"
          title="Letters, digits, - and _"
        />
        <button>Begin</button>
      </form>
    </>
  );
}
