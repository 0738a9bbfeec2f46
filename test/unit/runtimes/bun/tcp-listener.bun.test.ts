import { BunListener } from "../../../../runtimes/bun/tcp-listener.ts";
import type { ClientServerOptions } from "../../../../runtimes/server/mod.ts";
import { clientStreamConformance } from "../../../conformance/client-stream.ts";

clientStreamConformance("Bun.listen", (clients, host) => {
  return new BunListener({ host } as ClientServerOptions, clients);
});
