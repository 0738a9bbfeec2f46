import { nodeOfConnectionId, ServiceError } from "../../../core/base/mod.ts";
import type { Target, Targets } from "./outcomes.ts";

/** Whether `id` can be a connection's. */
export function isConnectionId(id: unknown): id is string {
  return typeof id === "string" && nodeOfConnectionId(id) !== undefined;
}

/** Returns `id`; throws `id-malformed` if it is not a connection id. */
export function checkedId(id: string): string {
  if (isConnectionId(id)) return id;
  throw new ServiceError("id-malformed", `${String(id)} is not a connection id`);
}

/** The ids of targets; throws `id-malformed` if one of them has no connection id. */
export function idsOf(targets: Targets): string[] {
  if (typeof targets === "string") return [checkedId(targets)];
  if (typeof targets === "object" && targets !== null) {
    if (Array.isArray(targets)) return targets.map(idOf);
    if ("id" in targets) return [checkedId(targets.id)];
    if (Symbol.iterator in targets) return Array.from(targets, idOf);
  }
  throw new ServiceError(
    "id-malformed",
    "a target must be an id, a connection or several of them",
  );
}

function idOf(target: Target): string {
  return checkedId(typeof target === "string" ? target : target?.id);
}

const utf8 = new TextEncoder();

/** An id as MessagePack: a `str 8`, so that its header has two bytes whatever its length. */
export function packId(id: string): Uint8Array {
  const bytes = utf8.encode(id);
  const packed = new Uint8Array(2 + bytes.length);
  packed[0] = 0xd9;
  packed[1] = bytes.length;
  packed.set(bytes, 2);
  return packed;
}
