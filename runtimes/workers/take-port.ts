import { type AddressInfo, createServer } from "node:net";
import { portError } from "../../adapters/system/mod.ts";
import type { Settings } from "../../core/config/mod.ts";

/**
 * Resolves to a client port that nobody has: the one of the settings, or any if that is 0. Workers
 * share their port, so they would not notice that another program, or another supervisor of the
 * same user, has it. This listener shares it with nobody, and leaves it to them. Rejects with
 * `port-in-use`.
 */
export function takePort({ host, port }: Pick<Settings, "host" | "port">): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", (error) => reject(portError(error, { host, port })));
    server.listen(port, host, () => {
      const found = (server.address() as AddressInfo).port;
      server.close(() => resolve(found));
    });
  });
}
