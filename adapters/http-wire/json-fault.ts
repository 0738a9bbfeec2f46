/** What may come next in a JSON text. */
type Due = "value" | "value-or-end" | "name" | "name-or-end" | "colon" | "separator";

/** A number, a word or a character that stands for itself. */
const token = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{},:]/y;
const blank = /[ \t\n\r]*/y;

/**
 * Where a text stops being JSON. The messages of the runtimes differ, not all of them name the
 * place, and some repeat what the text said.
 */
export function jsonFault(text: string): string {
  const open: ("]" | "}")[] = [];
  let due: Due | undefined = "value";
  let at = 0;
  while (due !== undefined) {
    at = passed(blank, text, at) ?? at;
    if (at === text.length) return "it ends too early";
    const end = text[at] === '"' ? stringEnd(text, at) : passed(token, text, at);
    if (end === undefined) break;
    due = dueAfter(due, text.slice(at, end), open);
    if (due !== undefined) at = end;
  }
  const lines = text.slice(0, at).split("\n");
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

function passed(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** The end of the string that begins here; undefined if it is malformed. */
function stringEnd(text: string, start: number): number | undefined {
  let at: number | undefined = start + 1;
  while (at !== undefined && at < text.length) {
    const char: string = text[at]!;
    if (char === '"') return at + 1;
    if (char < " ") return undefined;
    at = char === "\\" ? passed(escaped, text, at) : at + 1;
  }
  return undefined;
}

/** What is due after a token; undefined if the token is not what was due. */
function dueAfter(due: Due, found: string, open: ("]" | "}")[]): Due | undefined {
  const isString = found.startsWith('"');
  if (due === "colon") return found === ":" ? "value" : undefined;
  if ((due === "name" || due === "name-or-end") && isString) return "colon";
  const mayEnd = due === "separator" || due === "name-or-end" || due === "value-or-end";
  if (mayEnd && found === open.at(-1)) {
    open.pop();
    return "separator";
  }
  if (due === "separator") {
    if (found !== "," || open.length === 0) return undefined;
    return open.at(-1) === "}" ? "name" : "value";
  }
  if (due === "name" || due === "name-or-end") return undefined;
  if (found === "[" || found === "{") {
    open.push(found === "[" ? "]" : "}");
    return found === "[" ? "value-or-end" : "name-or-end";
  }
  return isString || /^[-\dtfn]/.test(found) ? "separator" : undefined;
}
