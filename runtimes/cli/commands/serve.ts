import type { Settings } from "../../../core/config/mod.ts";
import { type CliCommand, defineCommand } from "../command/mod.ts";
import { gatewaySettings } from "../settings/mod.ts";
import { startGateway } from "./start-gateway.ts";

export const serve: CliCommand = defineCommand({
  name: "serve",
  summary: "run a gateway",
  about:
    "Every setting is a flag; `help SECTION` lists a section of them. The environment and the " +
    'config file have them too: --broker-port is WSS_BROKER_PORT and "broker-port". A flag ' +
    "overrides the environment, and the environment overrides the file.",
  takesSettings: true,
  examples: [
    { line: "serve", about: "with the embedded broker, on port 8080" },
    {
      line: "serve --broker mqtt://edge-1:secret@broker.example --node-name edge-1",
      about: "with a broker",
    },
    {
      line: "serve --origin https://app.example/events",
      about: "without a broker: events go to a URL",
    },
  ],
  run: ({ flags, platform }) => {
    const read = (): Settings => gatewaySettings(flags, { platform });
    const settings = read();
    return startGateway(settings, { flags, platform, read, warns: true, example: false });
  },
});
