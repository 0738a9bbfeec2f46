import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gatewayCommand, gatewayRuntimes } from "../../support/gateway/gateway.ts";
import { Program, skipWithout } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";
import { skipWithoutTerminal, Terminal } from "../../support/process/terminal.ts";

const folder = temporaryFolder();
const script = (shell: string): string => join(folder, `completion.${shell}`);

async function run(program: string, ...words: readonly string[]): Promise<Program> {
  const running = new Program(program, words);
  after(() => running[Symbol.asyncDispose]());
  await running.exited;
  return running;
}

async function say(...words: readonly string[]): Promise<Program> {
  const [program, ...first] = gatewayCommand(gatewayRuntimes[0] ?? "node");
  return run(program, ...first, ...words);
}

before(async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const said = await say("completion", shell);
    assert.equal((await said.exited).code, 0, said.output);
    await writeFile(script(shell), `${said.output}\n`);
  }
});

/** A command line whose last word is completed, and what must be among the proposals. */
const lines: readonly (readonly [line: string, some: readonly string[], not: string])[] = [
  ["websocket-service ", ["serve", "completion", "help"], "--port"],
  ["websocket-service ser", ["serve"], "dev"],
  ["websocket-service help ", ["limits", "serve"], "--port"],
  ["websocket-service serve --broker-p", ["--broker-port", "--broker-password"], "--port"],
  ["websocket-service serve --engine ", ["auto", "native", "wasm"], "--port"],
  ["websocket-service completion ", ["bash", "zsh", "fish"], "--port"],
];

test("bash completes commands, flags and values", { skip: skipWithout("bash") }, async () => {
  for (const [line, some, not] of lines) {
    const words = line.split(" ");
    const [cur, prev] = [words.at(-1), words.at(-2)];
    const code = [
      `source ${script("bash")}`,
      `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}`,
      `_websocket_service websocket-service '${cur}' '${prev}'`,
      `printf '%s\\n' "\${COMPREPLY[@]}"`,
    ];
    const shell = await run("bash", "-c", code.join("\n"));
    for (const one of some) assert.ok(shell.lines.includes(one), `${line}: ${shell.output}`);
    assert.ok(!shell.lines.includes(not), `${line}: ${shell.output}`);
  }
});

test("fish completes commands, flags and values", { skip: skipWithout("fish") }, async () => {
  for (const [line, some, not] of lines) {
    const shell = await run("fish", "-c", `source ${script("fish")}; complete -C '${line}'`);
    const words = shell.lines.map((shown) => shown.split("\t")[0]);
    for (const one of some) assert.ok(words.includes(one), `${line}: ${shell.output}`);
    assert.ok(!words.includes(not), `${line}: ${shell.output}`);
  }
});

const skipZsh = skipWithout("zsh") || skipWithoutTerminal;

test("zsh completes commands, flags and values", { skip: skipZsh }, async () => {
  const env = { PS1: "$ ", TERM: "dumb" };
  const terminal = new Terminal("zsh", ["-f"], { env });
  terminal.type(`autoload -U compinit; compinit -u -D; source ${script("zsh")}; echo rea''dy\n`);
  await terminal.shows(/^ready/m);
  const completed = [
    ["websocket-service serv\t", /websocket-service serve /],
    ["websocket-service serve --engi\t", /websocket-service serve --engine /],
    ["websocket-service serve --engine w\t", /websocket-service serve --engine wasm /],
    ["websocket-service help lim\t", /websocket-service help limits /],
  ] as const;
  for (const [typed, shown] of completed) {
    // Ctrl-U takes away what the line before has left.
    terminal.type(`\u0015${typed}`);
    await terminal.shows(shown);
  }
  terminal.type("\u0015exit\n");
  await terminal.exited;
});

test("completion of another shell is wrong usage", async () => {
  const said = await say("completion", "tcsh");
  assert.deepEqual(await said.exited, { code: 2, signal: null });
  assert.equal(said.output, "completion needs one of bash, zsh, fish");
});

for (const runtime of gatewayRuntimes) {
  test(`a reader that goes is no fault of ours, on ${runtime}`, async () => {
    for (const words of [["completion", "fish"], ["help"], ["doctor", "--port", "0"]]) {
      const command = [...gatewayCommand(runtime), ...words];
      const shell = await run("sh", "-c", `"$@" | true`, "sh", ...command);
      assert.deepEqual(shell.lines, [], words.join(" "));
    }
  });
}
