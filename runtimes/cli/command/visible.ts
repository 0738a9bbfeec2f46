/**
 * Text of others for a terminal: control characters, which could steer it, and those that turn the
 * direction of text are shown, as in `\u001b`.
 */
export function visible(text: string): string {
  return text.replace(
    /[^\P{Cc}\n\t]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
