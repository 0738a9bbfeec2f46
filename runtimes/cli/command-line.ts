import process from "node:process";
import { ServiceError } from "../../core/base/mod.ts";
import { suggest } from "../../core/config/mod.ts";
import { type Platform, version, workerCommand } from "../compose/mod.ts";
import { complain, ExitCode, flush, say } from "./command/mod.ts";
import { commands } from "./commands/mod.ts";
import { helpOn } from "./help/mod.ts";
import { runWorker } from "./programs/mod.ts";

/** Runs the program with the words after its name. Ends the process when it is done. */
export async function runCommandLine(words: readonly string[], platform: Platform): Promise<void> {
  const [name, ...rest] = words;
  const help = helpOn(words, commands);
  if (help !== undefined) {
    return leave(help.known ? ExitCode.clean : ExitCode.usage, help.text);
  }
  if (name === "--version") return leave(ExitCode.clean, version);
  if (name === workerCommand && runWorker(platform)) return;
  const command = commands.find((one) => one.name === name);
  if (command === undefined) return leave(ExitCode.usage, unknownCommand(name));
  try {
    const code = await command.run(rest, { platform, commands });
    if (code === undefined) return;
    await flush();
    process.exit(code);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const isUsage = error.code === "setting-invalid";
    await leave(isUsage ? ExitCode.usage : ExitCode.failure, error.message);
  }
}

function unknownCommand(name: string | undefined): string {
  const names = commands.map((command) => command.name);
  const said = name === undefined ? "no command" : `unknown command ${name}`;
  const near = suggest(name ?? "", [...names, "help"]);
  const hint = near === undefined ? "" : `did you mean ${near}? `;
  return `${said}; ${hint}allowed: ${names.join(", ")}, help, --version`;
}

/** Writes the text and ends the process once it is written. */
async function leave(code: number, text: string): Promise<void> {
  await (code === ExitCode.clean ? say(text) : complain(text));
  process.exit(code);
}
