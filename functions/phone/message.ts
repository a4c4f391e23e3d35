/** Why nothing can be said, as the code of a problem document. */
export class CannotSay extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

export type Fields = ReadonlyMap<string, readonly string[]>;

const NAME = /^[a-z0-9_-]{1,64}$/;
const PIECE = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/**
 * The message that a request asks for: its field `message`, or the template that its field `template` names, with the
 * other fields in the places of the template. As in a campaign's template, `{name}` is a place, and `{{` and `}}` are
 * braces.
 *
 * @param read gives a template's text by its name
 * @throws CannotSay where the message is not certain: nothing or two things are asked for, a field is given twice
 */
export async function messageOf(fields: Fields, read: (name: string) => Promise<string | undefined>): Promise<string> {
  const message = one(fields, "message");
  const name = one(fields, "template");
  if ((message === undefined) === (name === undefined)) throw new CannotSay("invalid_request");
  if (name === undefined) return message ?? "";
  const template = NAME.test(name) ? await read(name) : undefined;
  if (template === undefined) throw new CannotSay("unknown_template");
  return filled(template, (place) => one(fields, place));
}

/** The template with what `value` gives for each of its places. */
export function filled(template: string, value: (place: string) => string | undefined): string {
  return template.replace(PIECE, (piece: string, place?: string) => {
    if (piece === "{{" || piece === "}}") return piece.charAt(0);
    if (place === undefined) throw new CannotSay("broken_template");
    const found = value(place.trim());
    if (found === undefined || found.trim() === "") throw new CannotSay("missing_field");
    return found;
  });
}

/** A field's only value. */
export function one(fields: Fields, name: string): string | undefined {
  const values = fields.get(name) ?? [];
  if (values.length > 1) throw new CannotSay("invalid_request");
  return values[0];
}
