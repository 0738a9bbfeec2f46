import { parseJson, ServiceError } from "../../core/base/mod.ts";
import { jsonFault } from "./json-fault.ts";
import { bodyTooDeep, decodedLevelsMax } from "./nesting.ts";

/** Made once: one for each body would cost more than to decode a small one. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Characters of a text in which the place of a fault is looked for: it takes 0.1 s. */
const faultCharsMax = 1_048_576;

/** The value of a JSON text in UTF-8. Throws `batch-malformed`, and names the place. */
export function readJson(bytes: Uint8Array): unknown {
  if (isTooDeep(bytes)) throw bodyTooDeep();
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new ServiceError("batch-malformed", "the body is not UTF-8", { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const place = text.length > faultCharsMax ? "" : `: ${jsonFault(text)}`;
    throw new ServiceError("batch-malformed", `the body is not JSON${place}`, { cause });
  }
}

/**
 * The value of a JSON text that somebody else wrote; undefined if it is not JSON, or nests so
 * deeply that decoding it would hold up the process.
 */
export function parseShallow(text: string | Uint8Array): unknown {
  if (text.length <= decodedLevelsMax) return parseJson(text);
  return isTooDeep(typeof text === "string" ? Buffer.from(text) : text)
    ? undefined
    : parseJson(text);
}

const quote = 0x22;
const backslash = 0x5c;
/** `[` and `{`, `]` and `}` differ in one bit. */
const bracketBit = 0x20;
const opening = 0x7b;
const closing = 0x7d;

/** Whether the arrays and objects of a text nest deeper than it may be decoded. */
function isTooDeep(bytes: Uint8Array): boolean {
  if (bytes.length <= decodedLevelsMax) return false;
  let levels = 0;
  let isInString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === quote) isInString = !isInString;
    else if (isInString) at += byte === backslash ? 1 : 0;
    else if ((byte | bracketBit) === closing) levels--;
    else if ((byte | bracketBit) === opening && ++levels > decodedLevelsMax) return true;
  }
  return false;
}
