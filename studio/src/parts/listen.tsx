import { sounding } from "../audio/player";
import { told } from "../store";

/** The head of the column of such buttons. */
export function ListenHead() {
  return (
    <th scope="col">
      <span class="hidden">Listen</span>
    </th>
  );
}

/** The button of a row that plays something; `sound` is what the player calls it while it sounds. */
export function Listen(given: { to: string; sound: string; play: () => Promise<void>; disabled?: boolean }) {
  return (
    <button
      class="plain play"
      aria-label={`Listen to ${given.to}`}
      disabled={given.disabled}
      onClick={() => {
        told(given.play());
      }}
    >
      {sounding.value === given.sound ? "♪" : "▶"}
    </button>
  );
}
