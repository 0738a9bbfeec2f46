import assert from "node:assert/strict";
import { after, test } from "node:test";
import { connectOrigin } from "../../../adapters/origin/mod.ts";
import { startGuardedBroker, word } from "../../support/broker/access-rules.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { blocksOf } from "../../support/docs/docs.ts";
import { gatewayCommand, gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";
import { Program } from "../../support/process/spawn.ts";

const page = "docs/operating/terminal.md";
const blocks = blocksOf(page).filter(({ language }) => language === "sh");

/** Runs a line of the page in bash, where the program has its name. */
async function runLine(line: string): Promise<Program> {
  const command = gatewayCommand(gatewayRuntimes[0] ?? "node");
  const words = command.map((word) => `'${word}'`).join(" ");
  const code = `websocket-service() { ${words} "$@"; }\n${line}`;
  const shell = new Program("bash", ["-c", code]);
  after(() => shell[Symbol.asyncDispose]());
  await shell.exited;
  return shell;
}

test("every block of the page is run by a test", () => {
  const subjects = blocks.map(({ subject }) => subject).sort();
  assert.deepEqual(subjects, ["act", "bench-broker", "completions", "connect", "doctor", "watch"]);
});

test("the page's completions are scripts", async () => {
  const [block] = blocks.filter(({ subject }) => subject === "completions");
  for (const line of block?.body.split("\n") ?? []) {
    const shell = await runLine(line);
    assert.deepEqual(await shell.exited, { code: 0, signal: null }, shell.output);
    assert.ok(line.startsWith("source") || shell.lines.length > 10, line);
  }
});

test("the page's clients talk to a gateway", async () => {
  const gateway = await startGateway({ flags: ["--subprotocols", "v1"] });
  const origin = await connectOrigin({ broker: `mqtt://127.0.0.1:${gateway.info.brokerPort}` });
  after(() => origin.close());
  origin.on("message", ({ connection, data }) => connection.send(data));
  const [block] = blocks.filter(({ subject }) => subject === "connect");
  const lines = block?.body.split("\n") ?? [];
  const said: Record<string, string[]> = {};
  for (const line of lines) {
    const shell = await runLine(line.replace("8080", String(gateway.info.port)));
    assert.deepEqual(await shell.exited, { code: 0, signal: null }, `${line}\n${shell.output}`);
    said[line] = shell.lines;
  }
  assert.ok(said[lines[1] ?? ""]?.includes("hello"), JSON.stringify(said));
  assert.ok(Object.values(said).flat().includes("connected, subprotocol v1"));
});

test("the page's checks and measurements of a broker run with the rules of the docs", async () => {
  const guarded = await startGuardedBroker(false);
  after(() => guarded.end());
  const chosen = blocks.filter(({ subject }) => ["doctor", "bench-broker"].includes(subject));
  for (const line of chosen.flatMap(({ body }) => body.split("\n"))) {
    const shown = `mqtt://edge-1:${word}@127.0.0.1:1883`;
    assert.ok(line.includes(shown), line);
    const ports = line.includes(" doctor ") ? " --port 0 --admin-port 0" : "";
    const shell = await runLine(line.replace(shown, guarded.url("edge-1")) + ports);
    assert.deepEqual(await shell.exited, { code: 0, signal: null }, `${line}\n${shell.output}`);
  }
});

test("the page's commands watch a gateway, and act on a connection", async () => {
  const gateway = await startGateway({ flags: ["--node-name", "edge-1"] });
  const { port, adminPort } = gateway.info;
  const client = await RawClient.open(port);
  after(() => client.destroy());
  const url = `http://127.0.0.1:${adminPort}`;
  const found = await runLine(`websocket-service connections --json --admin ${url}`);
  const [{ id }] = JSON.parse(found.output) as [{ readonly id: string }];
  const lines = ["watch", "act"].flatMap((subject) =>
    blocks.filter((block) => block.subject === subject).flatMap(({ body }) => body.split("\n")),
  );
  for (const line of lines) {
    assert.ok(line.includes(" --admin http://127.0.0.1:8081"), line);
    const changed = line.replace("http://127.0.0.1:8081", url).replace(" ID", ` ${id}`);
    // A tail waits for something to pass: the client talks until it ends.
    const talk = setInterval(() => line.includes(" tail ") && client.text("hi"), 50);
    const shell = await runLine(changed);
    clearInterval(talk);
    assert.deepEqual(await shell.exited, { code: 0, signal: null }, `${line}\n${shell.output}`);
  }
});
