import { nodeOfConnectionId } from "../../core/base/mod.ts";
import { fromBase64 } from "./base64.ts";

/** A connection id as the original service writes it: the base64 of its bytes. */
export function base64OfId(id: string): string {
  return btoa(id);
}

/** The connection id of such a text; undefined where it is none that a gateway gives. */
export function idOfBase64(text: string): string | undefined {
  const bytes = fromBase64(text);
  if (bytes === undefined) return undefined;
  // A connection id is ASCII: any other byte makes a character that no id has.
  const id = String.fromCharCode(...bytes.subarray(0, idBytesMax + 1));
  return nodeOfConnectionId(id) === undefined ? undefined : id;
}

/** A node's name, a dot, and what stands behind it. */
const idBytesMax = 96;
