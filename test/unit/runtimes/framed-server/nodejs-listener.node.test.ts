import { NodejsListener } from "../../../../runtimes/framed-server/nodejs-listener.ts";
import type { ClientServerOptions } from "../../../../runtimes/server/mod.ts";
import { clientStreamConformance } from "../../../conformance/client-stream.ts";

clientStreamConformance("node:net", (clients, host) => {
  return new NodejsListener({ host } as ClientServerOptions, clients);
});
