import { decode } from "@msgpack/msgpack";

/** The items of a bare batch in MessagePack; none of a numbered one. */
export function readCommands(payload: Uint8Array): unknown[][] {
  const batch = decode(payload) as unknown[];
  return typeof batch[0] === "number" ? [] : (batch as unknown[][]);
}
