import type { App } from "../app.ts";
import type { Connection, Registry } from "../connection/mod.ts";
import { everyone } from "./groups.ts";

/** The members of a group on this node. */
export function membersOf(app: App, name: string, registry: Registry): Iterable<Connection> {
  if (name === everyone) return registry.of(app.name).all();
  return app.groups.get(name)?.members ?? [];
}

/** How many there are. */
export function countOf(app: App, name: string): number {
  if (name === everyone) return app.connections;
  return app.groups.get(name)?.members.size ?? 0;
}
