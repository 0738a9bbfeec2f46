import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { connectOrigin, type Origin } from "../../../adapters/origin/mod.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import {
  combinations,
  type GatewayProcess,
  type Started,
  startGateway,
} from "../../support/gateway/gateway.ts";
import { nodeProgram, Program } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";
import { type CollectedSpan, Collector } from "../../support/traces/collector.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const callerId = "b7ad6b7169203331";
const traceparent = `00-${traceId}-${callerId}-01`;

/** As OTLP numbers them. */
const kind = { internal: 1, server: 2, producer: 4, consumer: 5 };

interface Rig {
  readonly collector: Collector;
  readonly gateway: GatewayProcess & { readonly info: Started };
  readonly origin: Origin;
  /** What the origin's handlers saw: the event and its trace. */
  readonly seen: [event: string, trace: string | undefined][];
}

async function start(
  runtime: (typeof combinations)[number]["runtime"],
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Rig> {
  const collector = await Collector.start();
  after(() => collector.stop());
  const gateway = await startGateway({
    runtime,
    flags,
    env: { ...collector.environment, OTEL_TRACES_SAMPLER: "parentbased_always_off", ...env },
  });
  const broker = `mqtt://127.0.0.1:${gateway.info.brokerPort}`;
  const origin = await connectOrigin({ broker, name: "shop-1" });
  after(() => origin.close());
  const seen: Rig["seen"] = [];
  origin.on("open", ({ connection }) => void seen.push(["open", connection.trace]));
  origin.on("message", ({ connection, data, trace }) => {
    seen.push(["message", trace]);
    connection.send(data, { trace });
  });
  origin.on("close", ({ trace }) => void seen.push(["close", trace]));
  return { collector, gateway, origin, seen };
}

function named(spans: readonly CollectedSpan[], name: string): CollectedSpan {
  const [span, ...more] = spans.filter((one) => one.name === name);
  assert.ok(span !== undefined && more.length === 0, `one span ${name}`);
  return span;
}

function contextOf({ traceId: trace, spanId }: CollectedSpan): string {
  return `00-${trace}-${spanId}-01`;
}

describe("a trace from a client through its origin and back", { concurrency: 2 }, () => {
  for (const { runtime, engine } of combinations) {
    it(`on ${runtime}, engine ${engine}`, async () => {
      const flags = ["--engine", engine, "--compression", "--node-name", "edge-1"];
      const { collector, gateway, seen } = await start(runtime, flags);
      const { port } = gateway.info;
      const path = "/chat?token=secret-of-a-query";
      // Nobody samples these.
      for (const header of [
        undefined,
        `00-${traceId}-${callerId}-00`,
        "00-hostile",
        "x".repeat(9_000),
      ]) {
        const other = await RawClient.open(port, { headers: { traceparent: header } });
        other.text("untraced");
        assert.equal(await other.nextText(), "untraced");
        other.destroy();
      }
      await waitFor(() => seen.filter(([event]) => event === "close").length === 4);
      assert.deepEqual(
        seen.filter(([, trace]) => trace !== undefined),
        [],
      );
      seen.length = 0;
      const client = await RawClient.open(port, { path, headers: { traceparent } });
      client.text("payload-of-a-client");
      assert.equal(await client.nextText(), "payload-of-a-client");
      client.send({ opcode: 8, payload: Buffer.from([0x03, 0xe8]) });
      await collector.named("publish close");
      await collector.named("process send");
      const { spans } = collector;
      const handshake = named(spans, "GET");
      const message = named(spans, "publish message");
      const command = named(spans, "process send");
      const close = named(spans, "publish close");
      assert.equal(spans.length, 4);
      assert.ok(spans.every((span) => span.traceId === traceId));
      assert.deepEqual(
        [handshake, message, command, close].map((span) => [span.kind, span.parentId]),
        [
          [kind.server, callerId],
          [kind.producer, handshake.spanId],
          [kind.consumer, message.spanId],
          [kind.producer, handshake.spanId],
        ],
      );
      assert.ok(spans.every(({ start: begun, end }) => begun > 0 && end >= begun));
      assert.deepEqual(message.events, ["published"]);
      assert.equal(handshake.attributes.get("url.path"), "/chat");
      assert.equal(handshake.attributes.get("http.response.status_code"), 101);
      assert.equal(message.attributes.get("messaging.message.body.size"), 19);
      assert.equal(command.attributes.get("messaging.client.id"), "shop-1");
      assert.equal(close.attributes.get("wss.cause"), "client");
      assert.equal(handshake.resource.get("service.name"), "websocket-service");
      assert.equal(handshake.resource.get("service.instance.id"), "edge-1");
      await waitFor(() => seen.length === 3);
      assert.deepEqual(seen, [
        ["open", contextOf(handshake)],
        ["message", contextOf(message)],
        ["close", contextOf(close)],
      ]);
      const said = JSON.stringify(spans.map((span) => [...span.attributes, ...span.resource]));
      assert.doesNotMatch(said, /secret-of-a-query|payload-of-a-client/);
      assert.deepEqual(collector.requests[0]?.url, "/v1/traces");
      assert.equal((await gateway.stop()).code, 0);
    });
  }
});

it("the example of the library answers within the trace of what it answers", async () => {
  const collector = await Collector.start();
  after(() => collector.stop());
  const gateway = await startGateway({ env: collector.environment });
  const broker = `mqtt://127.0.0.1:${gateway.info.brokerPort}`;
  const origin = new Program(nodeProgram(), ["dist/js/examples/traced/origin.js", broker]);
  after(() => origin[Symbol.asyncDispose]());
  await gateway.event("origin-joined");
  const client = await RawClient.open(gateway.info.port, { headers: { traceparent } });
  client.text("hello");
  assert.equal(await client.nextText(), "hello");
  const [message] = await collector.named("publish message");
  const [command] = await collector.named("process send");
  assert.equal(command?.parentId, message?.spanId);
  assert.equal(command?.traceId, traceId);
  client.destroy();
});
