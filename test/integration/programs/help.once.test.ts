import assert from "node:assert/strict";
import { after, test } from "node:test";
import { settings } from "../../../core/config/mod.ts";
import {
  type GatewayRuntime,
  gatewayCommand,
  gatewayRuntimes,
  spawnGateway,
} from "../../support/gateway/gateway.ts";
import { Program } from "../../support/process/spawn.ts";

/** A terminal as it always was is 24 by 80; a window today has 40 lines. */
const screen = { lines: 40, columns: 80 };

/** The text is the same on each; Bun, where it is among them, starts fastest. */
const [anyRuntime = "node"] = gatewayRuntimes;

async function say(
  words: readonly string[],
  runtime: GatewayRuntime = anyRuntime,
): Promise<Program> {
  const [program, ...first] = gatewayCommand(runtime);
  const running = new Program(program, [...first, ...words]);
  after(() => running[Symbol.asyncDispose]());
  await running.exited;
  return running;
}

function groupsIn(lines: readonly string[]): string[] {
  const at = lines.indexOf("Groups of flags:");
  const end = lines.indexOf("", at);
  return lines.slice(at + 1, end).map((line) => line.trim().split(" ")[0] as string);
}

for (const runtime of gatewayRuntimes) {
  test(`help, --help and -h show one screen of groups, on ${runtime}`, async () => {
    const asked = [
      ["help"],
      ["--help"],
      ["-h"],
      ["serve", "-h"],
      ["dev", "--port", "1", "--help"],
    ];
    const answers = await Promise.all(asked.map((words) => say(words, runtime)));
    for (const answer of answers) {
      assert.equal((await answer.exited).code, 0);
      assert.deepEqual(answer.lines, answers[0]?.lines);
    }
    const lines = answers[0]?.lines ?? [];
    assert.ok(groupsIn(lines).length >= 5, lines.join("\n"));
    assert.ok(lines.length <= screen.lines);
  });
}

test("help GROUP shows a screen each, and every setting stands in one", async () => {
  const first = await say(["help"]);
  const shown: string[] = [];
  const groups = groupsIn(first.lines);
  const screens = await Promise.all(groups.map((group) => say(["help", group])));
  for (const [index, { lines, exited }] of screens.entries()) {
    const group = groups[index];
    assert.equal((await exited).code, 0);
    assert.ok(lines.length <= screen.lines, `${group} has ${lines.length} lines`);
    for (const line of lines) assert.ok(line.length <= screen.columns, line);
    for (const line of lines) {
      const [, name, written = ""] = /^ {2}--(\S+)(?: \(default (.*)\))?$/.exec(line) ?? [];
      if (name === undefined) continue;
      shown.push(name);
      assert.equal(written, settings[name as keyof typeof settings].written);
    }
  }
  assert.deepEqual(shown.sort(), Object.keys(settings).sort());
});

test("a default is accepted as help writes it: --drain-period 10000 was not", async () => {
  const { output } = await say(["help", "drain-period"]);
  const written = /--drain-period \(default (.*)\)/.exec(output)?.[1] as string;
  const checked = await say(["serve", "--check-config", "--drain-period", written]);
  assert.equal((await checked.exited).code, 0, checked.output);
});

test("help on what there is not ends with 2 and a suggestion", async () => {
  const wrong = await say(["help", "limit"]);
  assert.equal((await wrong.exited).code, 2);
  assert.match(wrong.output, /^no help on limit; did you mean limits\? groups: ports, /);
});

test("a misspelt command is told what was meant, and help on a command is the help", async () => {
  const wrong = await say(["serv"]);
  assert.equal((await wrong.exited).code, 2);
  assert.match(wrong.output, /^unknown command serv; did you mean serve\? allowed: dev, serve/);
  const extra = await say(["serve", "--compression", "maybe"]);
  assert.equal((await extra.exited).code, 2);
  assert.equal(extra.output, "unexpected argument maybe: a flag begins with --");
  const [plain, ofServe] = [await say(["help"]), await say(["help", "serve"])];
  assert.equal((await ofServe.exited).code, 0);
  assert.equal(ofServe.output, plain.output);
});

test("a misspelt flag and an unknown WSS_ variable end with 2 and what was meant", async () => {
  for (const runtime of gatewayRuntimes) {
    const flag = spawnGateway({ runtime, flags: ["--ping-intervall", "1s"] });
    assert.equal((await flag.exited).code, 2);
    assert.deepEqual(flag.lines, ["unknown flag --ping-intervall; did you mean --ping-interval?"]);
    const variable = spawnGateway({ runtime, env: { WSS_PING_INTERVALL: "1s" } });
    assert.equal((await variable.exited).code, 2);
    const line = "unknown variable WSS_PING_INTERVALL in the environment; ";
    assert.deepEqual(variable.lines, [`${line}did you mean WSS_PING_INTERVAL?`]);
  }
});

test("--check-config warns and ends with 0, or with 2 and the fault", async () => {
  for (const runtime of gatewayRuntimes) {
    const right = spawnGateway({ runtime, flags: ["--check-config", "--cookies", "session"] });
    assert.equal((await right.exited).code, 0, right.output);
    assert.deepEqual(
      right.log.map(({ event }) => event),
      // What `serve` says of its embedded broker, and what is asked for here.
      ["broker-open", "setting-advice"],
    );
    assert.equal(right.lines.at(-1), "the settings are valid");
  }
  const faults: readonly (readonly [flags: readonly string[], said: RegExp])[] = [
    [["--tls-cert", "/nowhere.crt", "--tls-key", "/nowhere.key"], /--tls-cert: .*ENOENT/],
    [["--broker", "mqtt://a%zz@h"], /percent-encoded/],
    [["--authorize", "jwt"], /needs one of jwt-secret, jwt-key and jwt-jwks/],
    [["--config", "/nowhere.json"], /cannot be read/],
  ];
  await Promise.all(
    faults.map(async ([flags, said]) => {
      const wrong = spawnGateway({ runtime: anyRuntime, flags: ["--check-config", ...flags] });
      assert.equal((await wrong.exited).code, 2, flags.join(" "));
      assert.match(wrong.output, said);
    }),
  );
});
