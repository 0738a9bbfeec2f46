import { nodeOfConnectionId } from "../../core/base/mod.ts";
import { fromShortBase64 } from "./base64.ts";

/** A connection id as the original service writes it: the base64 of its bytes. */
export function base64OfId(id: string): string {
  return btoa(id);
}

/** The connection id of such a text; undefined if no gateway makes such an id. */
export function idOfBase64(text: string): string | undefined {
  // A connection id is ASCII: any other byte makes a character that no id has.
  const id = fromShortBase64(text);
  return id === undefined || nodeOfConnectionId(id) === undefined ? undefined : id;
}
