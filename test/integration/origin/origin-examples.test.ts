import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { startEmbeddedBroker } from "../../../adapters/embedded-broker/mod.ts";
import { brokerScore } from "../../../adapters/mqtt/brokers/mod.ts";
import { FakeGateway } from "../../support/origins/fake-gateway.ts";
import { findPython } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

/** Words that run a TypeScript file of the repository on this runtime. */
function runs(file: string): string[] {
  if (process.versions.bun !== undefined) return [file];
  if ("deno" in process.versions) return ["run", "-A", "--no-check", file];
  return [`dist/js/${file.replace(/\.ts$/, ".js")}`];
}

async function echoes(command: string, words: (port: number) => string[]): Promise<void> {
  const broker = await startEmbeddedBroker();
  const gateway = await FakeGateway.start(broker.port);
  const child = spawn(command, words(broker.port), { stdio: ["ignore", "ignore", "inherit"] });
  const exit = new Promise((resolve) => child.once("exit", resolve));
  try {
    // Nobody keeps events for an origin that is not there yet: say it until it is.
    let seq = 0;
    await waitFor(
      () => {
        seq++;
        gateway.batch("n1", encode([["message", "n1.warm", seq, "there?"]]));
        return gateway.commands.length > 0;
      },
      { what: "the first echo" },
    );
    const binary = Uint8Array.from([0, 255]);
    gateway.events("n1", "i1", [
      ["open", "n1.a", 0, { path: "/" }],
      ["message", "n1.a", 1, "hi ä"],
      ["message", "n1.a", 2, binary],
    ]);
    const last = (): readonly unknown[] | undefined =>
      gateway.commands.findLast(({ item }) => item[1] === "n1.a")?.item;
    await waitFor(() => last()?.[2] instanceof Uint8Array, { what: "both echoes" });
    const echoed = gateway.commands.filter(({ item }) => item[1] === "n1.a");
    assert.deepEqual(
      echoed.map(({ item }) => item),
      [
        ["send", "n1.a", "hi ä"],
        ["send", "n1.a", binary],
      ],
    );
  } finally {
    child.kill();
    await exit;
    await gateway.stop();
    await broker.close();
  }
}

const python = findPython();
const skip = python === undefined && "python3 with paho-mqtt and msgpack is not installed";

test("the plain echo in Python answers in open mode", { skip }, () =>
  echoes(python!, (port) => ["examples/origin-python/plain.py", `${port}`]),
);

test("a broker has the same score in Python", { skip }, () => {
  for (const key of ["default/nodes/n1/o1", "default/commands/é"]) {
    const words = ["examples/origin-python/broker_score.py", "mq-a:1883", key];
    const { stdout } = spawnSync(python!, words, { encoding: "utf8" });
    assert.equal(Number(stdout), brokerScore("mq-a:1883", key), key);
  }
});

test("the echo in TypeScript answers over MQTT", () =>
  echoes(process.execPath, (port) => [
    ...runs("examples/echo/origin.ts"),
    `mqtt://127.0.0.1:${port}`,
  ]));
