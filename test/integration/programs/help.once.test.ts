import assert from "node:assert/strict";
import { test } from "node:test";
import { configFlags, settingGroups, settings } from "../../../core/config/mod.ts";
import { commands } from "../../../runtimes/cli/commands/mod.ts";
import {
  type GatewayRuntime,
  gatewayRuntimes,
  spawnCommand,
  spawnGateway,
} from "../../support/gateway/gateway.ts";
import type { Program } from "../../support/process/spawn.ts";

/** The lines of a terminal as it always was, which was a little narrower. */
const screen = { lines: 24, columns: 100 };

/** The text is the same on each; Bun, where it is among them, starts fastest. */
const [anyRuntime = "node"] = gatewayRuntimes;

async function say(
  words: readonly string[],
  runtime: GatewayRuntime = anyRuntime,
): Promise<Program> {
  const running = spawnCommand([...words], { runtime });
  await running.exited;
  return running;
}

/** The names of the sections, which stand behind a colon and may go on in the next line. */
function sectionsIn({ output }: Program): string[] {
  const names = /^Sections of settings [^:]*: ([a-z\s]+)^[A-Z]/m.exec(output)?.[1] ?? "";
  return names.trim().split(/\s+/);
}

/** The names of the commands: two blanks before each, and more behind it. */
function commandsIn({ lines }: Program): string[] {
  return lines.flatMap((line) => /^ {2}([a-z-]+) {2,}\S/.exec(line)?.[1] ?? []);
}

function assertScreen({ lines }: Program, what: string): void {
  assert.ok(lines.length <= screen.lines, `${what} has ${lines.length} lines`);
  for (const line of lines) assert.ok(line.length <= screen.columns, line);
}

for (const runtime of gatewayRuntimes) {
  test(`help, --help and -h show one screen of commands and sections, on ${runtime}`, async () => {
    const asked = [["help"], ["--help"], ["-h"], ["help", "--help"]];
    const answers = await Promise.all(asked.map((words) => say(words, runtime)));
    for (const answer of answers) {
      assert.equal((await answer.exited).code, 0);
      assert.deepEqual(answer.lines, answers[0]?.lines);
    }
    const [first] = answers as [Program];
    assert.ok(sectionsIn(first).length >= 5, first.output);
    assert.ok(commandsIn(first).includes("serve"), first.output);
    assertScreen(first, "help");
  });
}

test("help SECTION shows a screen each, and every setting stands in one", async () => {
  const sections = sectionsIn(await say(["help"]));
  const shown: string[] = [];
  const screens = await Promise.all(sections.map((section) => say(["help", section])));
  for (const [index, answer] of screens.entries()) {
    assert.equal((await answer.exited).code, 0);
    assertScreen(answer, sections[index] ?? "");
    assert.match(answer.output, /^Example: websocket-service serve --/m);
    const text = answer.output.replaceAll(/\n {3,}/g, " ");
    for (const [, name = "", written = ""] of text.matchAll(
      /^ {2}--(\S+) .*?(?: \(default (\S*)\))?$/gm,
    )) {
      shown.push(name);
      assert.equal(written, settings[name as keyof typeof settings].written, name);
    }
  }
  assert.deepEqual(shown.sort(), Object.keys(settings).sort());
});

test("help COMMAND and COMMAND --help show a screen with examples, for each command", async () => {
  for (const [index, name] of commandsIn(await say(["help"])).entries()) {
    const asked = [[name, "--help"]];
    // All commands are asked in the same way, so two show the other ways.
    if (index < 2) asked.push([name, "-h"], ["help", name]);
    for (const answer of await Promise.all(asked.map((words) => say(words)))) {
      assert.equal((await answer.exited).code, 0, answer.output);
      assertScreen(answer, name);
      assert.equal(answer.lines[0]?.split(" ").slice(0, 2).join(" "), `websocket-service ${name}`);
      assert.match(answer.output, /^Examples:\n {2}websocket-service /m);
    }
  }
});

test("the example of each section is accepted, where its files are there", async () => {
  const lines = [...settingGroups.values()].map(({ example }) => example.split(" "));
  for (const words of lines.filter((line) => !line.some((word) => word.startsWith("/etc/")))) {
    const checked = await say([...words, "--check-config"]);
    assert.equal((await checked.exited).code, 0, checked.output);
  }
});

test("no section has a command's name, and dashes tell a setting from a section", async () => {
  for (const { name } of commands) assert.ok(!settingGroups.has(name), name);
  const both = Object.keys(settings).filter((name) => settingGroups.has(name));
  assert.ok(both.includes("broker"));
  for (const name of both) {
    const [section, setting] = await Promise.all([
      say(["help", name]),
      say(["help", `--${name}`]),
    ]);
    assert.match(section.output, /`help --NAME` has the allowed values/);
    assert.match(setting.output, new RegExp(`^  --${name}\\b.*\\n`));
    assert.match(setting.output, /In the environment WSS_/);
  }
});

test("every flag of an example in help is one that its command has", async () => {
  for (const { name, examples, options, takesSettings } of commands) {
    for (const { line } of examples) {
      const [first, ...words] = line.split(" ");
      assert.equal(first, name);
      const known = { ...options, ...(takesSettings ? { ...settings, ...configFlags } : {}) };
      for (const [, flag = ""] of words.join(" ").matchAll(/(?:^| )--([a-z-]+)/g)) {
        assert.ok(Object.hasOwn(known, flag), `${line}: --${flag}`);
      }
    }
  }
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
  assert.match(wrong.output, /^no help on limit; did you mean limits\? sections: ports, /);
});

test("a misspelt command is told what was meant", async () => {
  const wrong = await say(["serv"]);
  assert.equal((await wrong.exited).code, 2);
  assert.match(wrong.output, /^unknown command serv; did you mean serve\? allowed: dev, serve/);
  const extra = await say(["serve", "--port", "0", "maybe"]);
  assert.equal((await extra.exited).code, 2);
  assert.equal(extra.output, "unexpected argument maybe: a flag begins with --");
});

test("a flag of true or false with another value ends with 2 and its name", async () => {
  for (const name of ["mqtt-data-lane", "check-config"]) {
    for (const words of [[`--${name}`, "maybe"], [`--${name}=maybe`]]) {
      const wrong = await say(["serve", ...words]);
      assert.equal((await wrong.exited).code, 2);
      const line = `--${name}: "maybe" is not allowed; it must be true or false`;
      assert.equal(wrong.output, line, words.join(" "));
    }
  }
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
    [["--workers", "2", "--max-connections", "1"], /--max-connections 1 with --workers 2/],
  ];
  await Promise.all(
    faults.map(async ([flags, said]) => {
      const wrong = spawnGateway({ runtime: anyRuntime, flags: ["--check-config", ...flags] });
      assert.equal((await wrong.exited).code, 2, flags.join(" "));
      assert.match(wrong.output, said);
    }),
  );
});
