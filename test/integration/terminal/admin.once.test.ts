import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import {
  type GatewayRuntime,
  gatewayCommand,
  gatewayRuntimes,
  spawnCommand,
  spawnGateway,
} from "../../support/gateway/gateway.ts";
import { freePort, Program, type SpawnOptions } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";
import { skipWithoutTerminal, Terminal } from "../../support/process/terminal.ts";
import { waitFor } from "../../support/process/wait.ts";

const [anyRuntime = "node"] = gatewayRuntimes;
const token = "hush-hush-token";
const readToken = "read-only-token";

const gateway = spawnGateway({
  runtime: anyRuntime,
  flags: ["--node-name", "edge-1", "--admin-token", token, "--admin-read-token", readToken],
  kept: true,
});
after(() => gateway[Symbol.asyncDispose]());
let port = 0;
let admin = "";
before(async () => {
  const info = await gateway.started;
  port = info.port;
  admin = `http://127.0.0.1:${info.adminPort}`;
});

interface Asking extends SpawnOptions {
  readonly runtime?: GatewayRuntime;
}

/** A command that asks the gateway, with the token in the environment. */
function ask(words: readonly string[], options: Asking = {}): Program {
  const env = { WSS_ADMIN_TOKEN: token, ...options.env };
  return spawnCommand([...words, "--admin", admin], { ...options, env });
}

async function answer(words: readonly string[], options: Asking = {}): Promise<string> {
  const asked = ask(words, options);
  assert.deepEqual(await asked.exited, { code: 0, signal: null }, asked.output);
  return asked.output;
}

interface Row {
  readonly id: string;
  readonly path: string;
}

/** A client on a path of its own, and the id of its connection. */
async function enter(path: string): Promise<{ readonly client: RawClient; readonly id: string }> {
  const client = await RawClient.open(port, { path });
  after(() => client.destroy());
  const rows: Row[] = JSON.parse(await answer(["connections", "--json"]));
  const row = rows.find((one) => one.path === path);
  assert.ok(row !== undefined, `${path} is not among ${JSON.stringify(rows)}`);
  return { client, id: row.id };
}

for (const runtime of gatewayRuntimes) {
  test(`a connection is found, followed, talked to and closed, on ${runtime}`, async () => {
    const { client, id } = await enter(`/of-${runtime}`);
    const tail = ask(["tail", id, "--json"], { runtime });
    await tail.line((line) => line.includes('"event":"ready"') || undefined, "a tail");
    assert.equal(await answer(["send", id, "hällo"], { runtime }), "sent");
    assert.equal(await client.nextText(), "hällo");
    const binary = await answer(["send", id, "00 ff", "--binary", "--json"], { runtime });
    assert.deepEqual(JSON.parse(binary), { id, outcome: "sent" });
    client.text("back");
    await tail.line((line) => line.includes('"text":"back"') || undefined, "what was sent");
    const closed = await answer(["close", id, "--code", "4001", "--reason", "out"], { runtime });
    assert.equal(closed, "closed");
    assert.deepEqual(await tail.exited, { code: 0, signal: null }, tail.output);
    const events = tail.lines.map((line) => JSON.parse(line));
    assert.equal(events.at(-1).event, "end");
    const sent = events.find(({ data }) => data.verb === "send" && data.text === "hällo");
    assert.equal(sent?.data.connection, id, tail.output);
  });
}

test("connections are listed with what is asked for, and one with its details", async () => {
  const { id } = await enter("/a");
  await enter("/b");
  const table = await answer(["connections"]);
  assert.match(table, /^ID +USER +ADDRESS +APP +PATH +SINCE +IDLE +WAITING +STATE +ORIGIN$/m);
  assert.match(table, new RegExp(`^${id} +- +127\\.0\\.0\\.1 +default +/a +\\d+s`, "m"));
  const some = JSON.parse(await answer(["connections", "--id", id.slice(-8), "--json"]));
  assert.deepEqual(
    some.map((row: Row) => row.id),
    [id],
  );
  assert.equal(await answer(["connections", "--user", "nobody", "--json"]), "[]");
  const few = ask(["connections", "--limit", "1"]);
  await few.exited;
  assert.ok(few.lines.includes("there may be more: see --limit"), few.output);
  assert.equal(few.lines.length, 3);
  const one = await answer(["connections", id]);
  assert.match(one, new RegExp(`^id +${id}$`, "m"));
  assert.match(one, /^openedAt +20\d\d-.*Z$/m);
  const other = `${id.slice(0, -1)}${id.endsWith("_") ? "-" : "_"}`;
  const gone = ask(["connections", other]);
  assert.equal((await gone.exited).code, 1);
  assert.match(gone.output, /^id-gone: /);
});

test("a text of - is what the standard input has", async () => {
  const { client, id } = await enter("/pipe");
  const [program, ...first] = gatewayCommand(anyRuntime);
  const words = [program, ...first, "send", id, "-", "--admin", admin];
  const code = `printf 'from a pipe' | "$@"`;
  const env = { WSS_ADMIN_TOKEN: token };
  const shell = new Program("sh", ["-c", code, "sh", ...words], { env });
  after(() => shell[Symbol.asyncDispose]());
  assert.deepEqual(await shell.exited, { code: 0, signal: null }, shell.output);
  assert.equal(await client.nextText(), "from a pipe");
});

test("publish reaches a group, and tells how many got it", async () => {
  const { client } = await enter("/c");
  const said = await answer(["publish", "@all", "to all"]);
  assert.match(said, /^sent +[1-9]/m);
  assert.equal(await client.nextText(), "to all");
});

test("tail follows a group; a text is shown on one line, and steers no terminal", async () => {
  const { client } = await enter("/d");
  const tail = ask(["tail", "@all", "--count", "1"]);
  await tail.line((line) => line.startsWith("ready") || undefined, "a tail");
  client.text("one\n\u001b[2Jtwo");
  assert.deepEqual(await tail.exited, { code: 0, signal: null }, tail.output);
  const [line] = tail.lines.filter((one) => !one.startsWith("ready"));
  assert.match(line ?? "", /^\d\d:\d\d:\d\d\.\d{3} event message edge-1\.\S+ #\d+ \d+ B "one\\n/);
  assert.ok(!tail.output.includes("\u001b"), tail.output);
});

test("what a tail leaves out of a flood is told", async () => {
  const { client } = await enter("/flood");
  const tail = ask(["tail", "@all"]);
  await tail.line((line) => line.startsWith("ready") || undefined, "a tail");
  for (let count = 0; count < 2_000; count++) client.text("flood");
  await tail.line(
    (line) => /^left-out .*"lines":[1-9]/.test(line) || undefined,
    "what is left out",
  );
  tail.kill("SIGTERM");
  assert.deepEqual(await tail.exited, { code: 0, signal: null }, tail.output);
});

test("top shows one moment where there is no terminal, and origins where events go", async () => {
  await enter("/e");
  const shown = await answer(["top", "--interval", "100ms"]);
  assert.match(shown, /^websocket-service \S+ {2}edge-1 {2}/);
  assert.match(shown, /^connections \d+ +opened/m);
  assert.match(shown, /^edge-1 +\d+ +0 +yes$/m);
  const reading = JSON.parse(await answer(["top", "--interval", "100ms", "--json"]));
  assert.ok(reading.rates.messagesIn >= 0, JSON.stringify(reading));
  assert.equal(reading.overview.node, "edge-1");
  assert.match(await answer(["origins"]), /^0 +partition +default +edge-1 +\d+ +0%/m);
  assert.ok(JSON.parse(await answer(["origins", "--json"])).length > 0);
});

for (const runtime of gatewayRuntimes) {
  test(`top lives on a terminal until q, on ${runtime}`, {
    skip: skipWithoutTerminal,
  }, async () => {
    const [program, ...first] = gatewayCommand(runtime);
    const words = [...first, "top", "--admin", admin, "--interval", "100ms"];
    const terminal = new Terminal(program, words, { env: { WSS_ADMIN_TOKEN: token } });
    await terminal.shows(/(connections \d+.*){3}/s);
    assert.ok(terminal.raw.startsWith("\u001b[?1049h\u001b[?25l"), "a screen of its own");
    terminal.type("q");
    assert.deepEqual(await terminal.exited, { code: 0, signal: null }, terminal.text);
    assert.ok(terminal.raw.endsWith("\u001b[?25h\u001b[?1049l"), "the terminal as it was");
  });
}

test("without the right it is one line with a code, and no token is shown", async () => {
  const { client, id } = await enter("/f");
  const none = ask(["connections"], { env: { WSS_ADMIN_TOKEN: "" } });
  assert.equal((await none.exited).code, 1);
  assert.match(none.output, /^request-token: /);
  const wrong = ask(["top", "--admin-token", "hush-hush-wrong"]);
  assert.equal((await wrong.exited).code, 1);
  assert.match(wrong.output, /^request-token: /);
  const reader = { env: { WSS_ADMIN_TOKEN: readToken } };
  assert.match(await answer(["connections"], reader), /\/f/);
  const acting = ask(["send", id, "x"], reader);
  assert.equal((await acting.exited).code, 1);
  assert.match(acting.output, /^request-forbidden: /);
  assert.equal(client.received.length, 0);
  const folder = temporaryFolder();
  await writeFile(join(folder, "token"), `${token}\n`);
  const withFile = ["origins", "--admin-token-file", join(folder, "token")];
  assert.match(await answer(withFile, { env: { WSS_ADMIN_TOKEN: "" } }), /^ORIGIN/);
  for (const { output } of [none, wrong, acting, gateway]) assert.doesNotMatch(output, /hush/);
});

test("wrong usage, and a gateway that is not there, are one line each", async () => {
  const wrong: readonly (readonly [words: string[], line: RegExp])[] = [
    [["send", "edge-1.abc"], /^send needs the id of a connection and a text$/],
    [["send", "edge-1.abc", "0g", "--binary"], /^a binary message is hexadecimal digits/],
    [["tail"], /^tail needs the id of a connection or a group$/],
    [["close"], /^close needs the id of a connection$/],
    // 124 bytes, but 62 characters.
    [["close", "edge-1.abc", "--reason", "ä".repeat(62)], /^--reason: .*up to 123 bytes of UTF-8/],
    [["publish", "weather"], /^publish needs a group and a text$/],
    [["connections", "--limit", "0"], /^--limit: "0" is not allowed/],
    [["origins", "--admin-token", "two words"], /^--admin-token: the given value is not allowed/],
  ];
  for (const [words, line] of wrong) {
    const asked = ask(words);
    assert.deepEqual(await asked.exited, { code: 2, signal: null }, asked.output);
    assert.match(asked.output, line);
  }
  const nowhere = `http://127.0.0.1:${await freePort()}`;
  const away = spawnCommand(["origins", "--admin", nowhere]);
  assert.equal((await away.exited).code, 1);
  assert.match(away.output, /^http-connect: http:\S+ cannot be reached \(\S+\): is the gateway/);
});

const isLinux = process.platform === "linux";

test("other users do not see an admin token on Node.js", { skip: !isLinux }, async () => {
  const tail = ask(["tail", "@all", "--admin-token", token], { runtime: "node" });
  await tail.line((line) => line.startsWith("ready") || undefined, "a tail");
  assert.doesNotMatch(readFileSync(`/proc/${tail.pid}/cmdline`, "utf8"), /hush/);
  tail.kill("SIGINT");
  await waitFor(() => tail.exit !== undefined, { what: "the end of a tail" });
  assert.equal((await tail.exited).code, 0, tail.output);
});
