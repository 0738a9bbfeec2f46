import { type AddressInfo, createServer } from "node:net";
import type { Settings } from "../../core/config/mod.ts";
import { portError } from "../server/mod.ts";

/**
 * Resolves to a client port that nobody has: the one of the settings, or any if that is 0. Workers
 * share their port, so they would not notice that another program, or another supervisor of the
 * same user, has it. This listener shares it with nobody, and leaves it to them. Rejects with
 * `port-in-use`.
 */
export function takePort({ host, port }: Pick<Settings, "host" | "port">): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", (error: NodeJS.ErrnoException) => {
      reject(portError(error, error.code === "EADDRINUSE", { host, port }));
    });
    server.listen(port, host, () => {
      const found = (server.address() as AddressInfo).port;
      server.close(() => resolve(found));
    });
  });
}
