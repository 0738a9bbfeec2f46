import { checkFlag } from "../../../core/config/mod.ts";
import { type CliCommand, defineCommand, ExitCode, say } from "../command/mod.ts";
import { checkBridge, createLogger, runBridge } from "../programs/mod.ts";
import { gatewaySettings, readTlsFiles } from "../settings/mod.ts";
import { checkOneProcess, validText } from "./start-gateway.ts";

export const bridge: CliCommand = defineCommand({
  name: "bridge",
  summary: "pass the events of gateways on from their broker to an HTTP origin",
  about: "Settings are those of `serve`. --broker and --origin are required.",
  takesSettings: true,
  examples: [
    {
      line: "bridge --broker mqtt://127.0.0.1 --origin http://127.0.0.1:8000/",
      about: "from a broker to a URL",
    },
  ],
  run: async ({ flags, platform }) => {
    const settings = gatewaySettings(flags, { platform });
    checkOneProcess("bridge", settings);
    checkBridge(settings);
    const { mqtt: mqttTls } = readTlsFiles(settings);
    if (flags[checkFlag] === "true") {
      await say(validText);
      return ExitCode.clean;
    }
    await runBridge(settings, { platform, mqttTls, logger: createLogger(settings) });
    return undefined;
  },
});
