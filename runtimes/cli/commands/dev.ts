import type { Settings } from "../../../core/config/mod.ts";
import { type CliCommand, defineCommand } from "../command/mod.ts";
import { devDefaults } from "../programs/mod.ts";
import { gatewaySettings } from "../settings/mod.ts";
import { checkOneProcess, startGateway } from "./start-gateway.ts";

export const dev: CliCommand = defineCommand({
  name: "dev",
  summary: "run a gateway, a broker and an example chat, to try things",
  about:
    "Open http://127.0.0.1:8080/ in two browser tabs. It listens on this machine alone. It has " +
    "the settings of `serve`.",
  takesSettings: true,
  examples: [
    { line: "dev", about: "on port 8080" },
    { line: "dev --port 8090 --admin-port 8091", about: "on other ports" },
  ],
  run: ({ flags, platform }) => {
    const read = (): Settings => gatewaySettings(flags, { platform, defaults: devDefaults });
    const settings = read();
    checkOneProcess("dev", settings);
    return startGateway(settings, { flags, platform, read, warns: false, example: true });
  },
});
