/**
 * A string as Go's JSON encoders write it: besides what JSON asks for they escape `<`, `>`, `&`,
 * U+2028 and U+2029, and they have no short form for U+0008 and U+000C.
 */
export function goString(text: string): string {
  const json = JSON.stringify(text);
  return special.test(json) ? json.replace(parts, goEscape) : json;
}

const special = /[<>&\u2028\u2029]|\\[bf]/;

/** An escape is taken as a whole, so that `\\b`, a backslash and a letter, stays as it is. */
const parts = /[<>&\u2028\u2029]|\\./g;

function goEscape(part: string): string {
  if (part === "\\b") return "\\u0008";
  if (part === "\\f") return "\\u000c";
  if (part.length > 1) return part;
  return `\\u${part.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A map of texts; null if there is none. The names stay in their order. */
export function goMap(map: Readonly<Record<string, string>> | undefined): string {
  if (map === undefined) return "null";
  const members = Object.entries(map).map(
    ([name, value]) => `${goString(name)}:${goString(value)}`,
  );
  return `{${members.join(",")}}`;
}

/** An array of texts; null if there is none. */
export function goArray(texts: readonly string[] | undefined): string {
  return texts === undefined ? "null" : `[${texts.map(goString).join(",")}]`;
}

/** A text, or null if there is none. */
export function goStringOrNull(text: string | undefined): string {
  return text === undefined ? "null" : goString(text);
}
