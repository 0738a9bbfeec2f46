import type { Server } from "node:net";
import { ServiceError } from "../../core/base/mod.ts";
import type { ClientServerOptions } from "../server/mod.ts";

/** Resolves when the port is open; rejects with `port-in-use` where it is taken. */
export function listen(
  server: Server,
  { host, port, acceptFailed }: Pick<ClientServerOptions, "host" | "port" | "acceptFailed">,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays on: once it listens, what cannot be accepted must not end the process.
    server.on("error", (error: NodeJS.ErrnoException) => {
      if (server.listening) acceptFailed?.();
      const taken = error.code === "EADDRINUSE";
      const message = taken ? `port ${port} on ${host} is in use` : error.message;
      reject(new ServiceError(taken ? "port-in-use" : "internal", message, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}
