import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { MemoryBroadcast, MemoryLogger, MemorySocket } from "../../adapters/memory/mod.ts";
import { readSettings } from "../../core/config/mod.ts";
import type { OutgoingMessage, Socket, SocketHandler } from "../../core/ports/mod.ts";
import { Service } from "../../runtimes/compose/service.ts";
import type { ClientServerOptions } from "../../runtimes/server/client-server.ts";
import { WasmCodec } from "../../wasm/mod.ts";
import { plainClient } from "../support/broker-rigs.ts";
import { idOf } from "../support/memory-node.ts";
import { waitFor } from "../support/wait.ts";

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

/** The whole program but the runtime's own server, over the embedded broker. */
async function compose(flags: Readonly<Record<string, string>> = {}): Promise<Composed> {
  const broadcast = new CountingBroadcast();
  let options: ClientServerOptions | undefined;
  const settings = readSettings({
    flags: { port: "0", "admin-port": "0", broker: "embedded", "broker-port": "0", ...flags },
    ...{ environment: {}, file: undefined, defaults: {} },
  });
  const service = new Service(settings, {
    platform: {
      name: "bun",
      engines: ["native", "wasm"],
      startServer: (_, given) => {
        options = given;
        const [reloadTls, stop] = [async () => false, async () => {}];
        const server = { port: 1, broadcast, reloadTls, stop };
        return Promise.resolve({ ...server, shortage: () => {} });
      },
      watch: () => undefined,
    },
    ...{
      logger: new MemoryLogger(),
      pages: new Map(),
      brokerLogin: undefined,
      authorizer: undefined,
    },
    serverTls: undefined,
    mqttTls: undefined,
  });
  await service.start();
  return { service, options: options!, broadcast };
}

function connect(handler: SocketHandler, broadcast: MemoryBroadcast): MemorySocket {
  const answer = { accepted: true, app: "default", deflate: false, info: {} } as const;
  return new MemorySocket(handler, { ...answer, subprotocol: undefined }, broadcast);
}

test("the program that is composed works with the codec in WASM", async () => {
  const { service, options } = await compose();
  assert.ok(options.codec instanceof WasmCodec);
  const before = options.codec.bufferBytes(0);
  connect(options.handler, new MemoryBroadcast());
  assert.ok(options.codec.bufferBytes(0) > before, "the gateway writes into that very codec");
  await service.stop();
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
