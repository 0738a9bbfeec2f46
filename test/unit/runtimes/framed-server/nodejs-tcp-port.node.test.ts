import { NodejsTcpPort } from "../../../../runtimes/framed-server/nodejs-tcp-port.ts";
import type { ClientServerOptions } from "../../../../runtimes/server/mod.ts";
import { clientStreamConformance } from "../../../conformance/client-stream.ts";

clientStreamConformance("node:net", (clients, host) => {
  return new NodejsTcpPort({ host } as ClientServerOptions, clients);
});
