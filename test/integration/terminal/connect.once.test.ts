import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { startWebSocketServer } from "../../support/clients/websocket-server.ts";
import {
  type GatewayRuntime,
  gatewayCommand,
  gatewayRuntimes,
  spawnCommand,
  startGateway,
} from "../../support/gateway/gateway.ts";
import { Authority } from "../../support/keys/certificates.ts";
import { freePort, Program, type SpawnOptions } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";
import { skipWithoutTerminal, Terminal } from "../../support/process/terminal.ts";

const [anyRuntime = "node"] = gatewayRuntimes;

interface Talk extends SpawnOptions {
  readonly runtime?: GatewayRuntime;
}

function connect(words: readonly string[], options: Talk = {}): Program {
  return spawnCommand(["connect", ...words], options);
}

const clean = { code: 0, signal: null };
const failed = { code: 1, signal: null };

for (const runtime of gatewayRuntimes) {
  test(`connect sends, prints and closes, on ${runtime}`, async () => {
    const server = await startWebSocketServer();
    const words = ["--execute", "hello", "--execute", "wörld", "--count", "2", "--json"];
    const client = connect([server.url, ...words], { runtime });
    assert.deepEqual(await client.exited, clean, client.output);
    assert.deepEqual(
      client.lines.map((line) => JSON.parse(line)),
      [
        { event: "open", subprotocol: "" },
        { event: "text", data: "hello" },
        { event: "text", data: "wörld" },
        { event: "close", code: 1000, reason: "", byUs: true },
      ],
    );
  });

  test(`connect talks on a terminal, on ${runtime}`, { skip: skipWithoutTerminal }, async () => {
    const server = await startWebSocketServer((socket) => {
      socket.on("message", (data) => socket.send(`you said ${data}\u001b[2J`));
    });
    const [program, ...first] = gatewayCommand(runtime);
    const terminal = new Terminal(program, [...first, "connect", server.url, "--slash"]);
    await terminal.shows(/connected/);
    terminal.type("hellp");
    // The key that deletes to the left.
    terminal.type("\u007f");
    terminal.type("o\r");
    await terminal.shows(/< you said hello\\u001b\[2J/);
    assert.ok(!terminal.raw.includes("\u001b[2J"), "what the server sends must not steer it");
    terminal.type("/ping abc\r");
    await terminal.shows(/pong 616263/);
    terminal.type("/close 4000 bye\r");
    await terminal.shows(/closed: 4000/);
    assert.deepEqual(await terminal.exited, clean, terminal.text);
  });
}

for (const runtime of gatewayRuntimes) {
  test(`a wss:// server is checked with --ca, on ${runtime}`, async () => {
    using authority = new Authority();
    const { certFile, keyFile } = authority.issue("gateway");
    const gateway = await startGateway({ flags: ["--tls-cert", certFile, "--tls-key", keyFile] });
    const words = [`wss://127.0.0.1:${gateway.info.port}/`, "--wait", "10ms"];
    const trusted = connect([...words, "--ca", authority.caFile], { runtime });
    assert.deepEqual(await trusted.exited, clean, trusted.output);
    assert.deepEqual(trusted.lines, ["connected", "closed: 1000"]);
    const unknown = connect(words, { runtime });
    assert.deepEqual(await unknown.exited, failed, unknown.output);
    assert.match(unknown.output, /^http-connect: the server cannot be reached: /);
  });
}

test("Ctrl-D and Ctrl-C close", { skip: skipWithoutTerminal }, async () => {
  const server = await startWebSocketServer();
  for (const key of ["\u0004", "\u0003"]) {
    const [program, ...first] = gatewayCommand(anyRuntime);
    const terminal = new Terminal(program, [...first, "connect", server.url]);
    await terminal.shows(/connected\s+> /);
    terminal.type(key);
    await terminal.shows(/closed: 1000/);
    assert.deepEqual(await terminal.exited, clean, terminal.text);
  }
});

test("--slash: lines of a pipe are commands too, and a wrong code ends it", async () => {
  const server = await startWebSocketServer();
  const [program, ...first] = gatewayCommand(anyRuntime);
  const words = [program, ...first, "connect", server.url, "--slash"];
  const run = (lines: string): Program => {
    const shell = new Program("sh", ["-c", `printf '${lines}' | "$@" 2>&1`, "sh", ...words]);
    after(() => shell[Symbol.asyncDispose]());
    return shell;
  };
  const closes = run("/ping abc\\n/close 4000 bye\\n/closed\\n");
  assert.deepEqual(await closes.exited, clean, closes.output);
  assert.deepEqual(closes.lines.at(-1), "closed: 4000 bye");
  const wrong = run("/close 1005\\n");
  await wrong.exited;
  assert.match(wrong.output, /^close code 1005 must not be sent$/m);
});

test("lines of the standard input are sent, and the rest goes to the standard error", async () => {
  const server = await startWebSocketServer();
  const [program, ...first] = gatewayCommand(anyRuntime);
  const words = [program, ...first, "connect", server.url, "--count", "2"];
  const code = `printf 'one\\ntwo\\n' | "$@" 2>/dev/null`;
  const shell = new Program("sh", ["-c", code, "sh", ...words]);
  after(() => shell[Symbol.asyncDispose]());
  assert.deepEqual(await shell.exited, clean);
  assert.deepEqual(shell.lines, ["one", "two"]);
});

test("binary messages are hexadecimal digits, both ways", async () => {
  const server = await startWebSocketServer();
  const words = ["--binary", "--execute", "0a FF", "--count", "1"];
  const client = connect([server.url, ...words]);
  assert.deepEqual(await client.exited, clean);
  assert.ok(client.lines.includes("0aff"), client.output);
  const wrong = connect([server.url, "--binary", "--execute", "0g"]);
  assert.deepEqual(await wrong.exited, { code: 2, signal: null });
  assert.match(wrong.output, /^a binary message is hexadecimal digits/);
});

test("headers, a token and subprotocols are in the handshake; the choice is shown", async () => {
  const server = await startWebSocketServer((socket) => socket.close(1000), {
    handleProtocols: (offered) => (offered.has("v2") ? "v2" : false),
  });
  const folder = temporaryFolder();
  await writeFile(join(folder, "token"), "from-file\n");
  const offer = ["--subprotocol", "v1", "--subprotocol", "v2", "--header", "X-One: a: b"];
  const tokens: readonly (readonly [
    words: string[],
    env: Record<string, string>,
    bearer: string,
  ])[] = [
    [["--token", "of-flag"], {}, "Bearer of-flag"],
    [["--token-file", join(folder, "token")], {}, "Bearer from-file"],
    [[], { WEBSOCKET_TOKEN: "of-environment" }, "Bearer of-environment"],
  ];
  for (const [words, env, bearer] of tokens) {
    const client = connect([server.url, ...offer, ...words], { env });
    assert.deepEqual(await client.exited, clean, client.output);
    assert.deepEqual(client.lines, ["connected, subprotocol v2", "closed by the server: 1000"]);
    const { headers } = server.requests.at(-1)!;
    assert.equal(headers.authorization, bearer);
    assert.equal(headers["x-one"], "a: b");
    assert.equal(headers["sec-websocket-protocol"], "v1, v2");
  }
});

test("pings are answered and shown; another close code than 1000 is a failure", async () => {
  let ponged = "";
  const server = await startWebSocketServer((socket) => {
    socket.on("pong", (payload) => {
      ponged = String(payload);
      socket.close(4001, "enough");
    });
    socket.ping("abc");
  });
  const client = connect([server.url, "--wait", "1h"]);
  assert.deepEqual(await client.exited, failed);
  assert.equal(ponged, "abc");
  assert.deepEqual(client.lines, [
    "connected",
    "ping 616263",
    "closed by the server: 4001 enough",
  ]);
});

test("fewer messages than --count are a failure, and so is a lost connection", async () => {
  const silent = await startWebSocketServer(() => {});
  const few = connect([silent.url, "--execute", "x", "--count", "1", "--wait", "10ms"]);
  assert.deepEqual(await few.exited, failed, few.output);
  const rude = await startWebSocketServer((socket) => socket.terminate());
  const lost = connect([rude.url, "--wait", "1h"]);
  assert.deepEqual(await lost.exited, failed);
  assert.match(lost.output, /connection lost: 1006/);
});

test("what cannot be connected is one line with a code, and no token is in it", async () => {
  const secret = ["--token", "hush-hush"];
  const unreachable = connect([`ws://127.0.0.1:${await freePort()}/`, ...secret]);
  assert.deepEqual(await unreachable.exited, failed);
  assert.match(unreachable.output, /^http-connect: the server cannot be reached: ECONNREFUSED$/);
  const gateway = await startGateway({
    flags: ["--authorize", "jwt", "--jwt-secret", "x".repeat(40)],
  });
  const url = `ws://127.0.0.1:${gateway.info.port}/`;
  const refused = connect([url, ...secret]);
  assert.deepEqual(await refused.exited, failed);
  assert.match(refused.output, /^handshake-refused: .*: 401 .*token-invalid/);
  const asJson = connect([url, "--json", ...secret]);
  await asJson.exited;
  assert.equal(JSON.parse(asJson.output).code, "handshake-refused");
  for (const { output } of [refused, asJson, gateway]) assert.doesNotMatch(output, /hush/);
  const mute = createServer().listen(0, "127.0.0.1");
  after(() => mute.close());
  await new Promise((resolve) => mute.once("listening", resolve));
  const { port } = mute.address() as { port: number };
  const late = connect([`ws://127.0.0.1:${port}/`, "--timeout", "100ms"]);
  assert.deepEqual(await late.exited, failed);
  assert.match(late.output, /^http-timeout: /);
});

test("a wrong address, flag or header is wrong usage; no password is repeated", async () => {
  const wrong: readonly (readonly [words: string[], line: RegExp])[] = [
    [[], /^connect needs a URL/],
    [["http://user:hush@127.0.0.1/"], /^the scheme of the address must be ws or wss$/],
    [["ws://h/", "--header", "no colon"], /^--header: .* is not allowed; it must be a name/],
    [["ws://h/", "--headr", "a:b"], /did you mean --header\?$/],
    [["ws://h/", "more"], /^unexpected argument more/],
  ];
  for (const [words, line] of wrong) {
    const client = connect(words);
    assert.deepEqual(await client.exited, { code: 2, signal: null }, client.output);
    assert.match(client.output, line);
    assert.doesNotMatch(client.output, /hush/);
  }
});

const isLinux = process.platform === "linux";

test("other users do not see the token of a client on Node.js", { skip: !isLinux }, async () => {
  const server = await startWebSocketServer();
  const client = connect([server.url, "--token", "hush-hush", "--wait", "1h"], {
    runtime: "node",
    reads: true,
  });
  await client.line((line) => line === "connected" || undefined, "a connection");
  assert.doesNotMatch(readFileSync(`/proc/${client.pid}/cmdline`, "utf8"), /hush/);
  client.kill("SIGINT");
  assert.deepEqual(await client.exited, clean, client.output);
});
