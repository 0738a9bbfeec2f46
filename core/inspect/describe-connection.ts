import type { Connection, ConnectionGuard, Registry } from "../connection/mod.ts";
import { slotOfConnectionId } from "../connection/mod.ts";
import { infoOf } from "../events/mod.ts";
import { inspectLimits } from "./inspect-limits.ts";
import type { ConnectionDetails, ConnectionView } from "./questions.ts";

type Guard = Pick<ConnectionGuard, "lastMessageAt">;

/** The connection of an id, if this node has it. */
export function findConnection(registry: Registry, id: string): Connection | undefined {
  const connection = registry.get(slotOfConnectionId(id));
  return connection?.id === id ? connection : undefined;
}

/** A connection, as an operator sees it. Its query and headers may hold secrets: not shown. */
export function describeConnection(connection: Connection, guard: Guard): ConnectionView {
  const { path, subprotocol } = infoOf(connection);
  const { groupsMax } = inspectLimits;
  return {
    id: connection.id,
    app: connection.app.name,
    path: textOf(path),
    user: connection.user,
    address: connection.address,
    groups: [...(connection.groups ?? [])].slice(0, groupsMax),
    subprotocol: textOf(subprotocol),
    openedAt: connection.openedAt,
    lastActiveAt: guard.lastMessageAt(connection),
    bytesWaiting: connection.socket.bufferedAmount,
    state: stateOf(connection),
    origin: connection.stream.origin,
  };
}

export function detailsOfConnection(
  connection: Connection,
  guard: Guard,
  node: string,
): ConnectionDetails {
  return {
    ...describeConnection(connection, guard),
    node,
    sentBytes: connection.sentBytes,
    expiresAt: connection.expiresAt || undefined,
  };
}

function stateOf({ closing, paused }: Connection): ConnectionView["state"] {
  if (closing !== undefined) return "closing";
  return paused ? "paused" : "open";
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
