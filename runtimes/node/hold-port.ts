import * as net from "node:net";
import type { HeldPort } from "../cli/mod.ts";

/** What `node:cluster` binds ports with. It listens to nothing. */
interface ServerHandle {
  getsockname(name: { port?: number }): number;
  close(): void;
}

type CreateServerHandle = (
  address: string,
  port: number,
  addressType: 4 | 6,
) => ServerHandle | number;

/**
 * Binds a free port without listening, until others of this program listen there. Node.js has no
 * documented way to do that. Undefined if there is none, or if `host` is no address.
 */
export function holdPort(host: string): HeldPort | undefined {
  const { _createServerHandle: create } = net as {
    readonly _createServerHandle?: CreateServerHandle;
  };
  const family = net.isIP(host);
  if (typeof create !== "function" || family === 0) return undefined;
  const handle = create(host, 0, family as 4 | 6);
  // The number of an error.
  if (typeof handle === "number") return undefined;
  const name: { port?: number } = {};
  handle.getsockname(name);
  return name.port ? { port: name.port, release: () => handle.close() } : undefined;
}
