import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { bunProgram, findPython, freePort, Program } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";
import { waitFor } from "../../support/process/wait.ts";

const python = findPython();

type Page = "README.md" | "docs/origin.md";

function assertShown(page: Page, command: string): void {
  const text = readFileSync(page, "utf8").replaceAll("\n", " ");
  assert.ok(text.includes(`\`${command}\``), `${page} has no ${command}`);
}

/** A command of the page, with further words. */
function run(page: Page, command: string, ...words: string[]): Program {
  assertShown(page, command);
  const [, file = ""] = / (examples\S+)/.exec(command) ?? [];
  const interpreter = command.startsWith("python3 ") ? python! : bunProgram;
  const program = new Program(interpreter, [file, ...words]);
  after(() => program[Symbol.asyncDispose]());
  return program;
}

const skip = python === undefined && "python3-paho-mqtt or python3-msgpack is not installed";

/** Runs the client of the README at this port, until it has received its echo. */
async function echoOnce(port: number): Promise<void> {
  const folder = temporaryFolder();
  const file = join(folder, "client.js");
  const source = readFileSync("examples/echo/client.js", "utf8");
  writeFileSync(file, source.replace(":8080/", `:${port}/`));
  assertShown("README.md", "npx bun examples/echo/client.js");
  await using talk = new Program(bunProgram, [file]);
  await talk.line((line) => line === "it says hello" || undefined, "the echo");
}

test("the README's origin in Python: it answers over HTTP, without a broker", {
  skip,
}, async () => {
  const command = "python3 examples/origin-python/http_echo.py";
  const port = await freePort();
  run("README.md", command, `${port}`);
  assertShown("README.md", "npm run serve -- --origin http://127.0.0.1:3000/");
  const gateway = await startGateway({
    flags: ["--broker", "none", "--origin", `http://127.0.0.1:${port}/`],
  });
  assert.equal(gateway.info.brokerPort, undefined);
  await echoOnce(gateway.info.port);
});

test("a plain subscriber in Python answers in open mode", { skip }, async () => {
  assertShown("docs/origin.md", "npm run serve -- --origin-mode open");
  const gateway = await startGateway({ flags: ["--origin-mode", "open"] });
  const { port, brokerPort } = gateway.info;
  run("docs/origin.md", "python3 examples/origin-python/plain.py", `${brokerPort}`);
  // Nothing tells when it has subscribed: what is said before is not kept.
  const early = await RawClient.open(port);
  after(() => early.destroy());
  let received = false;
  void early.nextText().then(() => {
    received = true;
  });
  await waitFor(() => {
    early.text("are you there?");
    return received;
  });
  await echoOnce(port);
});

test("the README's echo in TypeScript, then one in Python, then both", { skip }, async () => {
  assertShown("README.md", "npm run serve");
  const gateway = await startGateway();
  const { port, adminPort, brokerPort } = gateway.info;
  const joined = (count: number): Promise<unknown> =>
    waitFor(() => gateway.log.filter(({ event }) => event === "origin-joined").length === count);
  const script = (): Program =>
    run("README.md", "npx bun examples/echo/origin.ts", `mqtt://127.0.0.1:${brokerPort}`);
  const echoes = async (of: RawClient[], text: string): Promise<void> => {
    for (const one of of) one.text(text);
    for (const one of of) assert.equal(await one.nextText(), text);
  };

  const first = script();
  await joined(1);
  await echoOnce(port);
  first.kill("SIGTERM");
  await first.exited;
  const second = run("docs/origin.md", "python3 examples/origin-python/echo.py", `${brokerPort}`);
  await joined(2);
  await echoOnce(port);
  const third = script();
  await joined(3);
  const clients: RawClient[] = [];
  while (clients.length < 20) clients.push(await RawClient.open(port));
  after(() => {
    for (const one of clients) one.destroy();
  });
  await echoes(clients, "to both");
  const opened = third.lines.filter((line) => line.includes(" opened ")).length;
  assert.ok(opened > 0 && opened < 20, `${opened} of 20 came to the one in TypeScript`);
  // What was handled is confirmed, or it would be told again when an origin goes.
  await waitFor(async () => {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/metrics`);
    return /^wss_event_window_bytes(\{.*\})? 0$/m.test(await answer.text());
  });
  second.kill("SIGKILL");
  await waitFor(() => gateway.log.some(({ event }) => event === "origin-left"));
  await echoes(clients, "to one");
});

test("the rooms: who types in one terminal is read in the other", async () => {
  const gateway = await startGateway({ flags: ["--authorize", "origin"] });
  const { port, brokerPort } = gateway.info;
  const rooms = run(
    "docs/origin.md",
    "npx bun examples/rooms/main.ts",
    `mqtt://127.0.0.1:${brokerPort}`,
  );
  await rooms.line((line) => line.startsWith("The rooms are open") || undefined, "its start");
  const talkers: { child: ChildProcess; received: string }[] = [];
  for (const user of ["ada", "bob"]) {
    assertShown("docs/origin.md", `npx bun examples/rooms/client.ts ${user} tea`);
    const words = ["examples/rooms/client.ts", user, "tea", `ws://127.0.0.1:${port}`];
    const child = spawn(bunProgram, words, { stdio: ["pipe", "pipe", "inherit"] });
    after(() => child.kill("SIGKILL"));
    const talker = { child, received: "" };
    child.stdout.on("data", (data) => {
      talker.received += data;
    });
    talkers.push(talker);
    await waitFor(() => talker.received.includes(`You are ${user} in tea`));
  }
  const [ada, bob] = talkers;
  ada!.child.stdin!.write("hello\n");
  await waitFor(() => bob!.received.includes("ada (1): hello"));
  ada!.child.stdin!.end();
  await waitFor(() => bob!.received.includes("ada left"));
});
