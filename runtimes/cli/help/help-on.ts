import {
  checkFlag,
  configFlag,
  configFlags,
  environmentName,
  type Setting,
  type SettingGroup,
  type SettingName,
  settingGroups,
  settings,
  suggest,
} from "../../../core/config/mod.ts";
import type { CliCommand, Option } from "../command/mod.ts";
import { columns, columnsMax, wrapped } from "./layout.ts";

/** The answer to a request for help. */
export interface Help {
  /** False if no command, no section and no setting has the requested name. */
  readonly known: boolean;
  readonly text: string;
}

const program = "websocket-service";
const asking = ["--help", "-h"];

/**
 * The answer to `help`, `help SECTION`, `help --SETTING`, `help COMMAND`, `COMMAND --help` or
 * `-h`, if that is asked for. Sections of settings and commands have a screen each.
 */
export function helpOn(
  words: readonly string[],
  commands: readonly CliCommand[],
): Help | undefined {
  const at = words[0] === "help" ? 0 : words.findIndex((word) => asking.includes(word));
  // What follows `--` is no flag.
  const end = words.indexOf("--");
  if (at < 0 || (end >= 0 && end < at)) return undefined;
  const ofCommand = commands.find(({ name }) => at > 0 && name === words[0]);
  const after = words[at + 1] ?? "";
  const topic = asking.includes(after) ? "" : after.replace(/^--/, "");
  if (ofCommand !== undefined && topic === "") return found(commandHelp(ofCommand));
  if (topic === "") return found(firstScreen(commands));
  // The dashes tell a setting from a section of its name, such as `broker`.
  const isSetting = Object.hasOwn(settings, topic);
  if (isSetting && after.startsWith("--")) return found(settingHelp(topic as SettingName));
  const command = commands.find(({ name }) => name === topic);
  if (command !== undefined) return found(commandHelp(command));
  const group = settingGroups.get(topic);
  if (group !== undefined) return found(groupHelp(topic, group));
  if (isSetting) return found(settingHelp(topic as SettingName));
  const sections = [...settingGroups.keys()];
  const names = commands.map(({ name }) => name);
  const near = suggest(topic, [...sections, ...names, ...Object.keys(settings)]);
  const hint = near === undefined ? "" : `did you mean ${near}? `;
  const text = `no help on ${topic}; ${hint}sections: ${sections.join(", ")}`;
  return { known: false, text };
}

function found(lines: readonly string[]): Help {
  return { known: true, text: lines.join("\n") };
}

/** The commands, and the names of the sections of settings. */
function firstScreen(commands: readonly CliCommand[]): string[] {
  return [
    `${program}: a WebSocket gateway to applications over MQTT or HTTP`,
    "",
    "Commands (`help COMMAND` has options and examples):",
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    "",
    ...wrapped(
      `Sections of settings (\`help SECTION\`): ${[...settingGroups.keys()].join(" ")}`,
      "",
    ),
    "Exit codes: 0 clean, 1 failure while running, 2 wrong usage. `--version` prints the version.",
  ];
}

function commandHelp(command: CliCommand): string[] {
  const { name, synopsis, summary, about, options, takesSettings, examples } = command;
  const words = [program, name, synopsis, takesSettings ? "[settings]" : ""];
  const hasOptions = Object.keys(options).length > 0;
  const usage = [...words, hasOptions ? "[options]" : ""].filter((word) => word !== "");
  return [
    usage.join(" "),
    ...wrapped(summary, "  "),
    ...(about === "" ? [] : ["", ...wrapped(about, "")]),
    ...(hasOptions || takesSettings ? [""] : []),
    ...columns(Object.entries(options).map(([flag, option]) => optionRow(flag, option))),
    ...(takesSettings ? settingFlags() : []),
    "",
    "Examples:",
    ...examples.flatMap(({ line, about }) => exampleLines(`${program} ${line}`, about)),
  ];
}

/** On one line if there is room. */
function exampleLines(line: string, about: string): string[] {
  const both = `  ${line}  # ${about}`;
  return both.length <= columnsMax ? [both] : [`  ${line}`, ...wrapped(`# ${about}`, "    ")];
}

function settingFlags(): string[] {
  const own = columns([
    [`--${configFlag} FILE`, configFlags[configFlag].about],
    [`--${checkFlag}`, configFlags[checkFlag].about],
  ]);
  const sections = [...settingGroups.keys()].join(" ");
  return [...own, "", ...wrapped(`Settings (\`help SECTION\`): ${sections}`, "")];
}

function optionRow(name: string, option: Option): [string, string] {
  const { about, shown = "", variable, many } = option;
  const environment = variable === undefined ? "" : `; or ${variable}`;
  const text = `${about}${many === true ? "; may be repeated" : ""}${environment}`;
  return [`--${name} ${shown}`.trimEnd(), text + fallback(option)];
}

function fallback({ written, allowed }: Setting): string {
  return written === "" || (allowed === "true or false" && written === "false")
    ? ""
    : ` (default ${written})`;
}

function groupHelp(topic: string, group: SettingGroup): string[] {
  const rows = Object.entries(group.settings).map(([name, setting]): [string, string] => [
    `--${name}`,
    `${setting.about}${setting.written === "" ? "" : ` (default ${setting.written})`}`,
  ]);
  return [
    `${topic}: ${group.about}. \`help --NAME\` has the allowed values.`,
    `Example: ${program} ${group.example}`,
    "",
    ...columns(rows),
  ];
}

function settingHelp(name: SettingName): string[] {
  const { about, allowed, written }: Setting = settings[name];
  const head = written === "" ? `--${name}` : `--${name} (default ${written})`;
  const places = `In the environment ${environmentName(name)}, in the config file "${name}".`;
  return [
    `  ${head}`,
    ...wrapped(`${about} (${allowed})`, "      "),
    "",
    ...wrapped(places, "  "),
  ];
}
