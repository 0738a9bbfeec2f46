import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, describe, it } from "node:test";
import { connectAsync } from "mqtt";
import { connectOrigin } from "websocket-service/origin";
import { startGuardedBroker } from "../../support/broker/access-rules.ts";
import { freePort, Mosquitto } from "../../support/broker/mosquitto.ts";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import { spawnGateway } from "../../support/gateway/gateway.ts";
import { bunProgram, Program, skipWithout } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

const skip = skipWithout("mosquitto");
const root = "wss/v1/default";

const brokers = [
  ["4", false, "a broker of MQTT 3.1.1 that confirms what it throws away"],
  ["4", true, "a broker of MQTT 3.1.1 that ends the connection"],
  ["5", false, "a broker of MQTT 5"],
  ["5", true, "a broker of MQTT 5 that ends the connection"],
] as const;

describe("a missing access rule is told, by its topic", { skip, concurrency: true }, () => {
  for (const [version, strict, what] of brokers) {
    it(`connectOrigin rejects, at ${what}`, async () => {
      const guarded = await startGuardedBroker(strict);
      after(() => guarded.end());
      const broker = guarded.url("shop-1");
      await assert.rejects(connectOrigin({ broker, name: "shop-9", version }), {
        code: "broker-refused",
        message: new RegExp(
          `not let this user (read and )?write ${root}/presence/origins/shop-9:`,
        ),
      });
      const origin = await connectOrigin({ broker, name: "shop-1", version });
      await origin.close();
    });

    it(`a node says so in its log and at /readyz, at ${what}`, async () => {
      const guarded = await startGuardedBroker(strict);
      after(() => guarded.end());
      const flags = ["--broker", guarded.url("edge-1"), "--node-name", "edge-9"];
      flags.push("--mqtt-version", version, "--presence-interval", "300ms");
      const gateway = spawnGateway({ flags });
      const { adminPort } = await gateway.started;
      // Its presence, and its commands.
      const missing = (): string[] => {
        const lines = gateway.log.filter(({ event }) => event === "rules-missing");
        return lines.map(({ message }) => String(message)).sort();
      };
      await waitFor(() => missing().length === 2, { what: "both rules" });
      const [commands = "", presence = ""] = missing();
      assert.match(presence, new RegExp(`write ${root}/presence/nodes/edge-9: .* --node-name is`));
      assert.match(commands, new RegExp(`write ${root}/nodes/edge-9/commands/edge-9: `));
      const ready = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
      const { reasons } = (await ready.json()) as { reasons: string[] };
      assert.equal(ready.status, 503);
      assert.deepEqual(reasons.sort(), missing());
      // Announced again and again: that is one line, and not one for each time.
      const denied = async (): Promise<number> =>
        (await readFile(guarded.logFile, "utf8")).split("Denied PUBLISH from edge-9").length;
      await waitFor(async () => (await denied()) > 6, { what: "more announcements in vain" });
      const lines = gateway.log.filter(({ level }) => level !== "info" && level !== "debug");
      assert.equal(missing().length, 2, gateway.output);
      const others = lines.filter(({ event }) => event !== "rules-missing");
      // Each topic that is refused stands there once: the presence, and the question for others'.
      const keys = others.map(({ event, topic: of }) => `${event} ${of}`);
      assert.equal(new Set(keys).size, keys.length, gateway.output);
      const topics = "(presence/.*|nodes/edge-9/commands)/edge-9";
      const known = new RegExp(`^(publish-refused|broker-ends) ${root}/${topics}$`);
      assert.ok(
        keys.every((key) => known.test(key)),
        gateway.output,
      );
    });
  }

  const commandRules = [
    ["read", "topic read wss/v1/default/nodes/edge-1/commands/+"],
    ["write", "topic write wss/v1/default/nodes/+/commands/edge-1"],
  ] as const;
  for (const [version, strict, what] of brokers) {
    for (const [access, rule] of commandRules) {
      it(`a node that may not ${access} its commands says so, at ${what}`, async () => {
        const guarded = await startGuardedBroker(strict);
        after(() => guarded.end());
        await guarded.forbid(rule);
        const flags = ["--broker", guarded.url("edge-1"), "--node-name", "edge-1"];
        flags.push("--mqtt-version", version, "--presence-interval", "300ms");
        const gateway = spawnGateway({ flags });
        const { adminPort } = await gateway.started;
        const line = await gateway.event("rules-missing");
        const topic = `${root}/nodes/edge-1/commands/edge-1`;
        // MQTT 3.1.1 confirms what it throws away, and who ends the connection says nothing.
        const told = version === "4" ? "(read and )?write" : access;
        const pattern = new RegExp(`not let this user ${told} ${topic}: `);
        assert.match(String(line.message), pattern);
        assert.ok(String(line.message).includes(`"${rule.slice("topic ".length)}"`));
        const reasons = async (): Promise<string[]> => {
          const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
          return ((await answer.json()) as { reasons: string[] }).reasons;
        };
        const named = async (): Promise<boolean> =>
          (await reasons()).join() === String(line.message);
        await waitFor(named, { what: "the rule at /readyz, and nothing else" });
        const missing = gateway.log.filter(({ event }) => event === "rules-missing");
        assert.equal(missing.length, 1, gateway.output);
        // Where the broker ends the connection the node does not make it do so again and again.
        if (strict && access === "write") return;
        await guarded.allow("edge-1", rule);
        await gateway.event("rules-mended");
        assert.deepEqual(await reasons(), []);
      });
    }
  }

  it("what a node sends itself is no command, no fault, and nobody else's", async () => {
    await using broker = await Mosquitto.start();
    const spy = await connectAsync(broker.url(), { protocolVersion: 4, timerVariant: "native" });
    after(() => spy.endAsync());
    const received: string[] = [];
    spy.on(
      "message",
      (topic, payload) => void received.push(`${topic} ${payload.toString("hex")}`),
    );
    await spy.subscribeAsync(`${root}/nodes/+/commands/#`, { qos: 1 });
    const flags = ["--broker", broker.url(), "--node-name", "edge-1"];
    flags.push("--presence-interval", "300ms", "--log-level", "debug");
    const gateway = spawnGateway({ flags });
    const { adminPort } = await gateway.started;
    const probe = `${root}/nodes/edge-1/commands/edge-1 90`;
    await waitFor(() => received.length > 0, { what: "the node's empty batch" });
    await broker.kill();
    await broker.restart();
    await waitFor(
      () => gateway.log.filter(({ event }) => event === "broker-connected").length > 1,
    );
    const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    assert.match(metrics, /^wss_command_batches_received_total 0$/m);
    assert.match(metrics, /^wss_commands_total 0$/m);
    assert.deepEqual(new Set(received), new Set([probe]));
    const told = gateway.log.filter(({ event }) => /^(rules|command|batch)/.test(String(event)));
    assert.deepEqual(told, []);
  });

  for (const [version, strict, what] of brokers.filter(([of]) => of === "5")) {
    it(`a node that may write to no origin names the topic at /readyz, at ${what}`, async () => {
      const guarded = await startGuardedBroker(strict);
      after(() => guarded.end());
      const rule = "topic write wss/v1/default/origins/+/events/edge-1";
      await guarded.forbid(rule);
      const origin = await connectOrigin({ broker: guarded.url("shop-1"), name: "shop-1" });
      after(() => origin.close());
      const flags = ["--broker", guarded.url("edge-1"), "--node-name", "edge-1"];
      flags.push("--mqtt-version", version, "--authorize", "origin");
      const gateway = spawnGateway({ flags });
      const { adminPort, port } = await gateway.started;
      await gateway.event("origin-joined");
      const client = await RawClient.connect(port);
      after(() => client.destroy());
      client.write(handshakeText());
      await gateway.event("origin-publish-refused");
      const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
      const { reasons } = (await answer.json()) as { reasons: string[] };
      const topic = `${root}/origins/shop-1/events/edge-1: the broker `;
      assert.equal(reasons.length, 2, String(reasons));
      assert.ok(reasons[0] === "no origin" && reasons[1]?.startsWith(topic), String(reasons));
      await guarded.allow("edge-1", rule);
      const ready = async (): Promise<boolean> =>
        (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok;
      await waitFor(ready, { what: "the node to be ready" });
    });
  }

  it("a node takes part again when the rule is mended", async () => {
    const file = await startGuardedBroker(false);
    after(() => file.end());
    const flags = ["--broker", file.url("edge-1"), "--node-name", "edge-9"];
    const gateway = spawnGateway({ flags: [...flags, "--presence-interval", "300ms"] });
    const { adminPort } = await gateway.started;
    await gateway.event("rules-missing");
    await file.allow("edge-1", "topic readwrite #");
    await gateway.event("rules-mended");
    const ready = async (): Promise<boolean> =>
      (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok;
    await waitFor(ready, { what: "the node to be ready" });
  });
});

describe("a broker that is not there", { skip }, () => {
  it("an origin whose broker cannot be reached says so once", async () => {
    const port = await freePort();
    const url = `mqtt://127.0.0.1:${port}`;
    const origin = new Program(bunProgram, ["examples/echo/origin.ts", url]);
    after(() => origin[Symbol.asyncDispose]());
    const lineOf = (event: string): Promise<string> =>
      origin.line((line) => (line.includes(`"${event}"`) ? line : undefined), event);
    assert.match(await lineOf("broker-unreachable"), new RegExp(`127\\.0\\.0\\.1:${port}`));
    await using _broker = await Mosquitto.start({ port });
    await lineOf("broker-connected");
    await origin.stop();
    assert.equal(origin.lines.filter((line) => line.includes("broker-")).length, 2, origin.output);
  });
});
