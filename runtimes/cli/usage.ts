import {
  checkFlag,
  configFlag,
  environmentName,
  groupOf,
  type SettingGroup,
  type SettingName,
  settingGroups,
  settings,
  suggest,
} from "../../core/config/mod.ts";

/** A terminal's width as it always was. */
const columnsMax = 80;

/** An answer to who asks for help. */
export interface Help {
  /** False where there is no such thing to tell of. */
  readonly known: boolean;
  readonly text: string;
}

const asking = ["--help", "-h"];

/** What `help`, `help GROUP`, `--help` or `-h` asks for; undefined where nobody asks. */
export function helpOn(words: readonly string[]): Help | undefined {
  const at = words[0] === "help" ? 0 : words.findIndex((word) => asking.includes(word));
  if (at < 0) return undefined;
  const topic = words[at + 1]?.replace(/^--/, "");
  if (topic === undefined || ["", "dev", "serve"].includes(topic)) {
    return { known: true, text: usage() };
  }
  if (Object.hasOwn(settingGroups, topic)) {
    return { known: true, text: groupUsage(topic as SettingGroup) };
  }
  if (Object.hasOwn(settings, topic)) {
    return { known: true, text: settingUsage(topic as SettingName).join("\n") };
  }
  const near = suggest(topic, [...Object.keys(settingGroups), ...Object.keys(settings)]);
  const hint = near === undefined ? "" : `did you mean ${near}? `;
  const groups = Object.keys(settingGroups).join(", ");
  return { known: false, text: `no help on ${topic}; ${hint}groups: ${groups}` };
}

/** The first screen of `help`: what there is, and where to read on. */
function usage(): string {
  const order = "A flag counts before the environment, the environment before the file.";
  const variable = environmentName("broker-port");
  return [
    "websocket-service: a WebSocket gateway; applications talk to it over MQTT",
    "",
    "  websocket-service dev   [flags]   gateway, broker, example chat and its page",
    "  websocket-service serve [flags]   gateway",
    "  websocket-service help  [GROUP]   this, or the flags of a group",
    "  websocket-service --version",
    "",
    "Groups of flags:",
    ...Object.entries(settingGroups).map(([name, text]) => `  ${name.padEnd(9)} ${text}`),
    "",
    ...entry(`--${configFlag} FILE`, "a JSON file of settings by their names without the dashes"),
    ...entry(`--${checkFlag}`, "check the settings and the files that they name, and end"),
    "",
    ...wrapped(
      `Each flag is also a key of the file, and a variable (--broker-port: ${variable}). ${order}`,
      "",
    ),
    "",
    "Exit codes: 0 clean, 1 failure while running, 2 wrong usage.",
  ].join("\n");
}

/** The flags of one group. */
function groupUsage(group: SettingGroup): string {
  const names = Object.keys(settings) as SettingName[];
  const lines = [`${group}: ${settingGroups[group]}`, ""];
  for (const name of names) if (groupOf[name] === group) lines.push(...settingUsage(name));
  return lines.join("\n");
}

function settingUsage(name: SettingName): string[] {
  const { about, allowed, written } = settings[name];
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
