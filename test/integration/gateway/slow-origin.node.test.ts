import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { connectOrigin } from "websocket-service/origin";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { metricOf } from "../../support/gateway/control-rig.ts";
import { combinations, startGateway } from "../../support/gateway/gateway.ts";
import { waitFor } from "../../support/process/wait.ts";

const windowBytes = 65_536;
const messages = 600;
const text = "x".repeat(4_096);
/** Past the window: two batches and one read of the socket (docs/reliability.md, Limits). */
const pastBytes = 2 * 65_536 + 524_288;

describe("an origin that handles nothing for a while", { concurrency: 2 }, () => {
  for (const { runtime, engine } of combinations) {
    const denoNative = runtime === "deno" && engine === "native";
    const outcome = denoNative ? "has its client closed with 1013" : "stops its client";
    it(`${outcome} on ${runtime}, engine ${engine}`, async () => {
      await using broker = await Mosquitto.start();
      const origin = await connectOrigin({ broker: broker.url() });
      after(() => origin.close());
      const received: string[] = [];
      const causes: string[] = [];
      let release = (): void => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      origin.on("message", async ({ data }) => {
        received.push(String(data).split(" ")[0] ?? "");
        await released;
      });
      origin.on("close", ({ cause }) => void causes.push(cause));
      const flags = ["--engine", engine, "--broker", broker.url(), "--origin-mode", "assigned"];
      flags.push("--event-window-size", `${windowBytes}`);
      const gateway = await startGateway({ runtime, flags });
      const { port } = gateway.info;
      const ready = async (): Promise<boolean> =>
        gateway.log.some(({ event }) => event === "origin-joined");
      await waitFor(ready, { what: "the origin" });
      const client = await RawClient.open(port);
      for (let index = 0; index < messages; index++) client.text(`${index} ${text}`);

      if (denoNative) {
        // Deno may reset the stream of a client that goes on sending, its close frame with it.
        const frame = await client.closeFrame();
        if (frame !== undefined) assert.deepEqual(frame, { code: 1013, reason: "overload" });
        assert.equal(await metricOf(gateway, 'wss_errors_total{code="window-full"}'), 1);
        client.destroy();
        release();
        await waitFor(() => causes.length === 1, { what: "the close event" });
        assert.deepEqual(causes, ["overload"]);
        assert.ok(received.length < messages, `${received.length} messages`);
      } else {
        const paused = async (): Promise<boolean> =>
          (await metricOf(gateway, "wss_reading_paused")) === 1;
        await waitFor(paused, { what: "a pause" });
        const held = await metricOf(gateway, "wss_event_window_bytes");
        assert.ok(held <= windowBytes + pastBytes, `${held} bytes are held`);
        assert.ok(!client.ended);
        release();
        await waitFor(() => received.length === messages, { what: "all messages" });
        client.destroy();
      }
      assert.deepEqual(
        received,
        received.map((_, index) => `${index}`),
      );
      await origin.close();
    });
  }
});
