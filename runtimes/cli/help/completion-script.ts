import { configFlags, type Setting, settingGroups, settings } from "../../../core/config/mod.ts";
import type { CliCommand } from "../command/mod.ts";

type Flags = Readonly<Record<string, Setting>>;

/** What a shell completes, taken from the table of commands. */
interface Completions {
  readonly commands: readonly CliCommand[];
  /** Flags of the commands that take settings. */
  readonly settingFlags: Flags;
  /** What may stand after `help`. */
  readonly topics: readonly string[];
}

const program = "websocket-service";

/** The scripts by shell. */
export const shells: readonly string[] = ["bash", "zsh", "fish"];

/** A script that makes a shell complete commands, flags and their values. */
export function completionScript(shell: string, commands: readonly CliCommand[]): string {
  const topics = [...settingGroups.keys(), ...commands.map(({ name }) => name)];
  const completions: Completions = {
    commands,
    settingFlags: { ...settings, ...configFlags },
    topics: [...new Set(topics)],
  };
  const script = { bash, zsh, fish }[shell as "bash" | "zsh" | "fish"];
  return script(completions).join("\n");
}

function bash({ commands, settingFlags, topics }: Completions): string[] {
  const names = [...commands.map(({ name }) => name), "help", "--help", "--version"];
  const offer = (words: string): string => `COMPREPLY=($(compgen -W ${words} -- "$cur"))`;
  return [
    `# ${program}: completions for bash. To use them: source <(${program} completion bash)`,
    "_websocket_service() {",
    "  COMPREPLY=()",
    '  local cur="$2" prev="$3" command="' + "$" + '{COMP_WORDS[1]}" flags=""',
    `  local settings=${quoted(flagWords(settingFlags))}`,
    `  if [ "$COMP_CWORD" -eq 1 ]; then ${offer(quoted(names.join(" ")))}; return; fi`,
    '  case "$command $prev" in',
    ...choiceCases(
      { commands, settingFlags, topics },
      (words) => `${offer(quoted(words))}; return`,
    ),
    "  esac",
    '  case "$command" in',
    ...commands.map(({ name, takesSettings, options, firstWords }) => {
      const own = flagWords({ ...options }) + ["", ...firstWords].join(" ");
      const all = takesSettings ? `"$settings "${quoted(own)}` : quoted(own);
      return `    ${name}) flags=${all}' --help' ;;`;
    }),
    "  esac",
    // Where nothing fits, bash offers files.
    '  [[ "$cur" == -* || ( "$cur" == "" && "$prev" != -* ) ]] || return',
    `  ${offer('"$flags"')}`,
    "}",
    `complete -o default -F _websocket_service ${program}`,
  ];
}

function zsh({ commands, settingFlags, topics }: Completions): string[] {
  const described = (flags: Flags): string =>
    Object.entries(flags)
      .map(([name, { about }]) => quoted(`--${name}:${about}`))
      .join(" ");
  return [
    `#compdef ${program}`,
    `# ${program}: completions for zsh. To use them: source <(${program} completion zsh)`,
    "_websocket_service() {",
    "  local -a flags settings",
    "  if (( CURRENT == 2 )); then",
    `    flags=(${commands.map(({ name, summary }) => quoted(`${name}:${summary}`)).join(" ")})`,
    "    flags+=(help:'show help')",
    "    _describe command flags; return",
    "  fi",
    '  case "$words[2] $words[CURRENT-1]" in',
    ...choiceCases({ commands, settingFlags, topics }, (words) => `compadd -- ${words}; return`),
    "  esac",
    '  [[ "$words[CURRENT]" == -* ]] || { _files; return; }',
    `  settings=(${described(settingFlags)})`,
    '  case "$words[2]" in',
    ...commands.map(({ name, takesSettings, options }) => {
      const all = `${described(options)}${takesSettings ? ' "$' + '{settings[@]}"' : ""}`;
      return `    ${name}) flags=(${all} '--help:show help') ;;`;
    }),
    "  esac",
    "  _describe option flags",
    "}",
    'if [ "$funcstack[1]" = "_websocket-service" ]; then _websocket_service "$@"',
    `else compdef _websocket_service ${program}; fi`,
  ];
}

function fish({ commands, settingFlags, topics }: Completions): string[] {
  const start = `complete -c ${program}`;
  const after = (names: readonly string[]): string =>
    `-n ${quoted(`__fish_seen_subcommand_from ${names.join(" ")}`)}`;
  const flagLines = (names: readonly string[], flags: Flags): string[] =>
    Object.entries(flags).map(([name, setting]) => {
      const value = isToggle(setting) ? "" : " -r";
      const choices = setting.choices === undefined ? "" : ` -f -a ${words(setting.choices)}`;
      return `${start} ${after(names)} -l ${name}${value}${choices} -d ${escaped(setting.about)}`;
    });
  const words = (some: readonly string[]): string => escaped(some.join(" "));
  const takers = commands.filter(({ takesSettings }) => takesSettings).map(({ name }) => name);
  return [
    `# ${program}: completions for fish. To use them: ${program} completion fish | source`,
    ...commands.map(
      ({ name, summary }) =>
        `${start} -n __fish_use_subcommand -f -a ${name} -d ${escaped(summary)}`,
    ),
    `${start} -n __fish_use_subcommand -f -a help -d 'show help'`,
    `${start} ${after(["help"])} -f -a ${words(topics)}`,
    ...commands
      .filter(({ firstWords }) => firstWords.length > 0)
      .map(({ name, firstWords }) => `${start} ${after([name])} -f -a ${words(firstWords)}`),
    ...commands.flatMap(({ name, options }) => flagLines([name], options)),
    ...flagLines(takers, settingFlags),
  ];
}

/** Lines of a `case` of `COMMAND WORD-BEFORE`, where a few words are all that may follow. */
function choiceCases(
  { commands, settingFlags, topics }: Completions,
  then: (words: string) => string,
): string[] {
  const line = (pattern: string, words: readonly string[]): string =>
    `    ${pattern}) ${then(words.join(" "))} ;;`;
  const choices = (flags: Flags, command: string): string[] =>
    Object.entries(flags)
      .filter(([, setting]) => setting.choices !== undefined)
      .map(([name, setting]) => line(`"${command} --${name}"`, setting.choices ?? []));
  const takers = commands.filter(({ takesSettings }) => takesSettings);
  return [
    line('"help help"', topics),
    ...commands
      .filter(({ firstWords }) => firstWords.length > 0)
      .map(({ name, firstWords }) => line(`"${name} ${name}"`, firstWords)),
    ...commands.flatMap(({ name, options }) => choices(options, name)),
    ...takers.flatMap(({ name }) => choices(settingFlags, name)),
  ];
}

function isToggle({ allowed }: Setting): boolean {
  return allowed === "true or false";
}

function flagWords(flags: Flags): string {
  return Object.keys(flags)
    .map((name) => `--${name}`)
    .join(" ");
}

/** For bash and zsh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** For fish, where a backslash means something between single quotes. */
function escaped(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
