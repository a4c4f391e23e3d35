/** What Windows takes in no name, in its wide form: the same word to the service (as script.py writes names). */
const wide = (char: string) => ('<>:"/\\|?*'.includes(char) ? String.fromCharCode(char.charCodeAt(0) + 0xfee0) : char);
const DEVICE = /^(con|prn|aux|nul|com[1-9]|lpt[1-9])$/;

/** The file to record a phrase as: "heavy rain" is heavy_rain.wav. */
export function fileName(phrase: string): string {
  const stem = Array.from(phrase.normalize("NFC").trim().replace(/\s+/g, "_"), wide).join("");
  return `${stem.replace(/@(initial|medial|final)$/, "_@_$1").replace(DEVICE, "$&_")}.wav`;
}

/** The last part of a clip's key. */
export const baseName = (key: string) => key.slice(key.lastIndexOf("/") + 1);

/** A phrase without what is never said: how a clip of the same words is found, whatever its case and stops are. */
export const plainPhrase = (phrase: string) =>
  phrase
    .normalize("NFC")
    .toLocaleLowerCase()
    .replace(/[.,;:!?।॥።۔؟،"“”_\s]+/gu, " ")
    .trim();
