import type { ListenOptions, Server } from "node:net";
import { type ClientServerOptions, portError } from "../server/mod.ts";

/** Resolves when the port is open. Rejects with `port-in-use` if it is taken. */
export function listen(
  server: Server,
  {
    host,
    port,
    reusePort = false,
    acceptFailed,
  }: Pick<ClientServerOptions, "host" | "port" | "reusePort" | "acceptFailed">,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // This listener stays: a later error of an accept must not end the process.
    server.on("error", (error: NodeJS.ErrnoException) => {
      if (server.listening) acceptFailed?.();
      reject(portError(error, error.code === "EADDRINUSE", { host, port }));
    });
    // `reusePort` is newer than the types of Node.js 20.
    const where: ListenOptions & { readonly reusePort: boolean } = { port, host, reusePort };
    server.listen(where, resolve);
  });
}
