import assert from "node:assert/strict";
import { Program, type SpawnOptions } from "../process/spawn.ts";
import { within } from "../process/wait.ts";

const runMsMax = 120_000;

/** What a program writes, which has to end with 0. */
export async function outputOf(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<string> {
  await using program = new Program(command, args, options);
  const exit = await within(program.exited, { deadline: runMsMax, what: `${command} ${args[0]}` });
  assert.deepEqual(exit, { code: 0, signal: null }, program.output);
  return program.output;
}
