/**
 * Give the focus to a part of the page, when it is drawn: where what had it is gone, or where something new is to be read.
 * Tab goes on from there.
 */
export function focusOn(selector: string): void {
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>(selector)?.focus();
  });
}
