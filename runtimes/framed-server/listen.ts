import type { Server } from "node:net";
import { type ClientServerOptions, portError } from "../server/mod.ts";

/** Resolves when the port is open. Rejects with `port-in-use` if it is taken. */
export function listen(
  server: Server,
  { host, port, acceptFailed }: Pick<ClientServerOptions, "host" | "port" | "acceptFailed">,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // This listener stays: a later error of an accept must not end the process.
    server.on("error", (error: NodeJS.ErrnoException) => {
      if (server.listening) acceptFailed?.();
      reject(portError(error, error.code === "EADDRINUSE", { host, port }));
    });
    server.listen(port, host, resolve);
  });
}
