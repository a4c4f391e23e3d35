import { useEffect, useRef } from "preact/hooks";
import { notice, page } from "../store";

/** How long a sentence stands: as long as it takes to read it slowly. */
const LEAST_MS = 8_000;
const LETTER_MS = 80;
const UNDO_MS = 20_000;

/**
 * The sentence at the foot of the page. A way back has the focus at once: it goes after some time, and is far away for Tab.
 * While it has the focus or the pointer is on it, it stays; Escape closes it.
 */
export function Notice() {
  const said = notice.value;
  const whole = useRef<HTMLDivElement>(null);
  const before = useRef<Element | null>(null);
  const close = () => {
    const had = whole.current?.contains(document.activeElement);
    notice.value = null;
    if (!had) return;
    // What had the focus may be gone with what was deleted.
    const back = before.current?.isConnected && before.current !== document.body ? before.current : null;
    (back instanceof HTMLElement ? back : document.querySelector("main"))?.focus();
  };
  useEffect(() => {
    if (!said) return;
    // On the page Record, Space and Enter are for the recording.
    if (said.undo && page.value !== "record") {
      if (!whole.current?.contains(document.activeElement)) before.current = document.activeElement;
      whole.current?.querySelector("button")?.focus();
    }
    const ms = Math.max(said.undo ? UNDO_MS : LEAST_MS, LETTER_MS * said.text.length);
    const ticks = setInterval(() => {
      if (!whole.current?.matches(":hover, :focus-within")) close();
    }, ms);
    const escape = (event: KeyboardEvent) => {
      if (event.key === "Escape") close();
    };
    addEventListener("keydown", escape);
    return () => {
      clearInterval(ticks);
      removeEventListener("keydown", escape);
    };
  }, [said]);
  return (
    <div class="notice" role="status" aria-live="polite" ref={whole}>
      {said && (
        <p>
          {said.text}
          {said.undo && (
            <button
              onClick={() => {
                close();
                said.undo?.();
              }}
            >
              Undo
            </button>
          )}
          <button class="plain" aria-label="Close" onClick={close}>
            ✕
          </button>
        </p>
      )}
    </div>
  );
}
