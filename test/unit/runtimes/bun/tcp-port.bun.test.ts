import { BunTcpPort } from "../../../../runtimes/bun/tcp-port.ts";
import type { ClientServerOptions } from "../../../../runtimes/server/mod.ts";
import { clientStreamConformance } from "../../../conformance/client-stream.ts";

clientStreamConformance("Bun.listen", (clients, host) => {
  return new BunTcpPort({ host } as ClientServerOptions, clients);
});
