import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { connectOrigin } from "websocket-service/origin";
import { readSettings } from "../../../core/config/mod.ts";
import type {
  HandshakeRequest,
  OutgoingMessage,
  Socket,
  SocketHandler,
} from "../../../core/ports/mod.ts";
import type { Platform } from "../../../runtimes/compose/mod.ts";
import { Service } from "../../../runtimes/compose/service.ts";
import type { ServiceDependencies } from "../../../runtimes/compose/service-dependencies.ts";
import { startFramedServer } from "../../../runtimes/framed-server/mod.ts";
import {
  answerRequest,
  type ClientServerOptions,
} from "../../../runtimes/server/client-server.ts";
import { WasmEvents } from "../../../wasm/codec/events.ts";
import { plainClient } from "../../support/broker/broker-rigs.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { MemoryBroadcast, MemoryLogger, MemorySocket } from "../../support/memory/mod.ts";
import { idOf } from "../../support/memory-node/memory-node.ts";
import { waitFor } from "../../support/process/wait.ts";
import { graphProtocol, graphTalk } from "../../support/sockets/graph-protocol.ts";

/** Counts what the runtime is asked to fan out. */
class CountingBroadcast extends MemoryBroadcast {
  calls = 0;

  override publish(topic: string, message: OutgoingMessage, except?: Socket): void {
    this.calls++;
    super.publish(topic, message, except);
  }
}

interface Composed {
  readonly service: Service;
  readonly options: ClientServerOptions;
  readonly broadcast: CountingBroadcast;
}

/** The whole program over the embedded broker, with a client server of the test's choice. */
function service(
  flags: Readonly<Record<string, string>>,
  startServer: Platform["startServer"],
  more: Partial<ServiceDependencies> = {},
): Service {
  const settings = readSettings({
    flags: { port: "0", "admin-port": "0", broker: "embedded", "broker-port": "0", ...flags },
    environment: {},
    file: undefined,
    defaults: {},
  });
  return new Service(settings, {
    platform: {
      name: "bun",
      engines: ["wasm"],
      startServer,
      watch: () => undefined,
      workers: {
        refusal: "not in this test",
        start: () => assert.fail("a worker was started"),
      },
    },
    logger: new MemoryLogger(),
    pages: new Map(),
    serverTls: undefined,
    mqttTls: undefined,
    brokerLogin: undefined,
    authorizer: undefined,
    ...more,
  });
}

/** Without a runtime's own server. */
async function compose(flags: Readonly<Record<string, string>> = {}): Promise<Composed> {
  const broadcast = new CountingBroadcast();
  let options: ClientServerOptions | undefined;
  const composed = service(flags, (_, given) => {
    options = given;
    const [reloadTls, stop] = [async () => false, async () => {}];
    return Promise.resolve({ port: 1, broadcast, reloadTls, stop, shortage: () => {} });
  });
  await composed.start();
  return { service: composed, options: options!, broadcast };
}

function connect(handler: SocketHandler, broadcast: MemoryBroadcast): MemorySocket {
  const answer = { accepted: true, app: "default", deflate: false, info: {} } as const;
  return new MemorySocket(handler, { ...answer, subprotocol: undefined }, broadcast);
}

test("the program that is composed works with the codec in WASM", async () => {
  const { service, options } = await compose();
  const { events } = options.codec;
  const before = events.bufferBytes(0);
  connect(options.handler, new MemoryBroadcast());
  const written = events.bufferBytes(0) - before;
  await service.stop();
  assert.ok(events instanceof WasmEvents);
  assert.ok(written > 0, "the gateway writes into that very codec");
});

test("a codec that trapped makes the program unhealthy; another error does not", async () => {
  const { service, options } = await compose({ "drain-period": "0" });
  options.handlerFailed?.(new TypeError("a mistake"));
  assert.deepEqual(service.unhealthy, []);
  // What an engine throws when a module reaches `unreachable`.
  const code = "AGFzbQEAAAABBAFgAAADAgEABwUBAWEAAAoFAQMAAAs=";
  const binary = Uint8Array.from(atob(code), (char) => char.charCodeAt(0));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary));
  try {
    (exports.a as () => void)();
  } catch (error) {
    options.handlerFailed?.(error);
  }
  assert.deepEqual(service.unhealthy, ["the WASM codec has failed"]);
  await service.stop();
});

test("a handler that fails is told of, and its client gets 500", async () => {
  const noted: unknown[] = [];
  const fault = new Error("a fault of the handler");
  const options = {
    handler: { handshake: () => Promise.reject(fault) } as unknown as SocketHandler,
    handlerFailed: (error: unknown) => void noted.push(error),
  };
  const status = await answerRequest(options, {} as HandshakeRequest, (answer) =>
    answer.accepted ? 101 : answer.statusCode,
  );
  assert.deepEqual([status, noted], [500, [fault]]);
});

test("a node whose TCP streams are all that descriptors allow is not ready", async () => {
  let streams = 0;
  let shortage: (short: boolean) => void = () => {};
  const composed = service({ "drain-period": "0" }, (_, options) => {
    const { streamsMax = 0 } = options;
    streams = streamsMax - 1;
    shortage = (short) => {
      streams = short ? streamsMax : 0;
    };
    const rest = { reloadTls: async () => false, stop: async () => {}, shortage: () => {} };
    return Promise.resolve({
      port: 1,
      ...rest,
      get streams() {
        return streams;
      },
    });
  });
  await composed.start();
  assert.deepEqual(composed.notReady, []);
  shortage(true);
  assert.deepEqual(composed.notReady, ["no file descriptor for a further client"]);
  shortage(false);
  assert.deepEqual(composed.notReady, []);
  await composed.stop();
});

test("a large group's message goes out by the runtime's own fan-out, once", async () => {
  const { service, options, broadcast } = await compose({ "drain-period": "0" });
  const anybody = await plainClient(Number(new URL(service.brokerUrl).port));
  const sockets = Array.from({ length: 20 }, () => connect(options.handler, broadcast));
  const say = (item: readonly unknown[]): void =>
    anybody.publish("wss/v1/default/commands/me", encode([item]), () => {});
  say(["join", sockets.map(idOf), "g"]);
  // A group may be published to when the broker has confirmed the node's subscription.
  await waitFor(() => {
    say(["publish", "g", "hello"]);
    return sockets.every(({ delivered }) => delivered.length > 0);
  });
  assert.ok(broadcast.calls > 0);
  assert.ok(sockets.every(({ delivered }) => delivered.length === sockets[0]!.delivered.length));
  await anybody.stop();
  await service.stop();
});

test("a composed gateway speaks a subprotocol that it is given, over a real socket", async () => {
  const composed = service({ "drain-period": "0" }, (_, options) => startFramedServer(options), {
    subprotocols: [graphProtocol],
  });
  await composed.start();
  const seen: string[] = [];
  const origin = await connectOrigin({ broker: composed.brokerUrl });
  origin.on("message", ({ connection, data }) => {
    seen.push(String(data));
    connection.send(data);
  });
  const headers = { "Sec-WebSocket-Protocol": "other, graph" };
  const client = await RawClient.open(composed.port, { headers });
  try {
    for (const [said, answer] of graphTalk) {
      client.text(said);
      if (answer !== undefined) assert.equal(await client.nextText(), answer);
    }
    const passed = graphTalk
      .map(([said]) => said)
      .filter((said) => /subscribe|complete/.test(said));
    assert.deepEqual(seen, passed, "greetings and pings do not reach the origin");
    client.text("no JSON");
    assert.deepEqual(await client.closeFrame(), { code: 4400, reason: "Invalid message" });
  } finally {
    client.destroy();
    await origin.close();
    await composed.stop();
  }
});
