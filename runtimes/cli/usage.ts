import {
  checkFlag,
  configFlag,
  environmentName,
  type Setting,
  type SettingName,
  settingGroups,
  settings,
  suggest,
} from "../../core/config/mod.ts";

/** The width of a terminal of the traditional size. */
const columnsMax = 80;

/** The answer to a request for help. */
export interface Help {
  /** False if no group and no setting has the requested name. */
  readonly known: boolean;
  readonly text: string;
}

const asking = ["--help", "-h"];

/** The answer to `help`, `help GROUP`, `help SETTING`, `--help` or `-h`, if that is asked for. */
export function helpOn(words: readonly string[]): Help | undefined {
  const at = words[0] === "help" ? 0 : words.findIndex((word) => asking.includes(word));
  if (at < 0) return undefined;
  const topic = words[at + 1]?.replace(/^--/, "");
  if (topic === undefined || ["", "dev", "serve", "bridge"].includes(topic)) {
    return { known: true, text: usage() };
  }
  const group = settingGroups.get(topic);
  if (group !== undefined) {
    const entries = Object.entries(group.settings).flatMap(([name, it]) => settingUsage(name, it));
    return { known: true, text: [`${topic}: ${group.about}`, "", ...entries].join("\n") };
  }
  if (Object.hasOwn(settings, topic)) {
    const text = settingUsage(topic, settings[topic as SettingName]).join("\n");
    return { known: true, text };
  }
  const groups = [...settingGroups.keys()];
  const near = suggest(topic, [...groups, ...Object.keys(settings)]);
  const hint = near === undefined ? "" : `did you mean ${near}? `;
  return { known: false, text: `no help on ${topic}; ${hint}groups: ${groups.join(", ")}` };
}

/** The first screen of `help`: the commands and the groups of flags. */
function usage(): string {
  const order = "A flag overrides the environment, the environment overrides the file.";
  const variable = environmentName("broker-port");
  return [
    "websocket-service: a WebSocket gateway to applications over MQTT or HTTP",
    "",
    "  websocket-service dev   [flags]   run a gateway, a broker and an example chat",
    "  websocket-service serve [flags]   run a gateway",
    "  websocket-service bridge [flags]  pass the events of gateways on to an HTTP origin",
    "  websocket-service help  [GROUP]   show this, or the flags of a group",
    "  websocket-service --version       print the version",
    "",
    "Groups of flags:",
    ...Array.from(settingGroups, ([name, { about }]) => `  ${name.padEnd(9)} ${about}`),
    "",
    ...entry(`--${configFlag} FILE`, "a JSON file with settings, named as the flags without --"),
    ...entry(`--${checkFlag}`, "check the settings and the files they name, then exit"),
    "",
    ...wrapped(
      "Each flag can also be set in the file and in the environment (--broker-port: " +
        `${variable}). ${order}`,
      "",
    ),
    "",
    "Exit codes: 0 clean, 1 failure while running, 2 wrong usage.",
  ].join("\n");
}

function settingUsage(name: string, { about, allowed, written }: Setting): string[] {
  const fallback = written === "" ? "" : ` (default ${written})`;
  return entry(`--${name}${fallback}`, `${about} (${allowed})`);
}

function entry(head: string, text: string): string[] {
  return [`  ${head}`, ...wrapped(text, "      ")];
}

function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && indent.length + longer.length > columnsMax) {
      lines.push(indent + line);
      line = word;
    } else line = longer;
  }
  return [...lines, indent + line];
}
