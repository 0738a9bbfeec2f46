import { environmentName, type SettingName, settings } from "../core/config/mod.ts";

/** The text of `--help`. */
export function usage(): string {
  const lines = [
    "websocket-service: a WebSocket gateway; applications talk to it over MQTT",
    "",
    "  websocket-service dev   [flags]   gateway, broker, example chat and its page",
    "  websocket-service serve [flags]   gateway",
    "  websocket-service --help | --version",
    "",
    "Flags; each is also a key of the JSON file that --config names, and a variable of the",
    `environment (--broker-port: ${environmentName("broker-port")}). A flag counts before the`,
    "environment, the environment before the file.",
    "",
    "  --config FILE",
  ];
  for (const name of Object.keys(settings) as SettingName[]) {
    const setting = settings[name];
    const fallback = Array.isArray(setting.default) ? setting.default.join(",") : setting.default;
    const said = String(fallback) === "" ? "" : ` (default ${fallback})`;
    lines.push(`  --${name}`, `      ${setting.about}${said}`, `      ${setting.allowed}`);
  }
  lines.push("", "Exit codes: 0 clean, 1 failure while running, 2 wrong usage.");
  return lines.join("\n");
}
