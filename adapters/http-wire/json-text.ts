import { ServiceError } from "../../core/base/mod.ts";
import { jsonFault } from "./json-fault.ts";

/** Made once: one for each body would cost more than to decode a small one. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The value of a JSON text in UTF-8. Throws `batch-malformed`, and names the place. */
export function readJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new ServiceError("batch-malformed", "the body is not UTF-8", { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `the body is not JSON: ${jsonFault(text)}`;
    throw new ServiceError("batch-malformed", message, { cause });
  }
}
