import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, describe, it } from "node:test";
import { connectOrigin } from "websocket-service/origin";
import { startGuardedBroker } from "../support/access-rules.ts";
import { spawnGateway } from "../support/gateway.ts";
import { freePort, Mosquitto } from "../support/mosquitto.ts";
import { bunProgram, Program, skipWithout } from "../support/spawn.ts";
import { waitFor } from "../support/wait.ts";

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
      const line = await gateway.event("rules-missing");
      const topic = `${root}/presence/nodes/edge-9`;
      assert.match(String(line.message), new RegExp(`write ${topic}: .* --node-name is`));
      const ready = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
      const { reasons } = (await ready.json()) as { reasons: string[] };
      assert.equal(ready.status, 503);
      assert.ok(reasons.includes(String(line.message)), String(reasons));
      // Announced again and again: that is one line, and not one for each time.
      const denied = async (): Promise<number> =>
        (await readFile(guarded.logFile, "utf8")).split("Denied PUBLISH from edge-9").length;
      await waitFor(async () => (await denied()) > 6, { what: "more announcements in vain" });
      const lines = gateway.log.filter(({ level }) => level !== "info" && level !== "debug");
      const told = lines.filter(({ event }) => event === "rules-missing");
      assert.equal(told.length, 1, gateway.output);
      const others = lines.filter(({ event }) => event !== "rules-missing");
      // Each topic that is refused stands there once: the presence, and the question for others'.
      const keys = others.map(({ event, topic: of }) => `${event} ${of}`);
      assert.equal(new Set(keys).size, keys.length, gateway.output);
      const known = new RegExp(`^(publish-refused|broker-ends) ${root}/presence/.*/edge-9$`);
      assert.ok(
        keys.every((key) => known.test(key)),
        gateway.output,
      );
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
