import process from "node:process";
import { SystemClock } from "../../../adapters/system/mod.ts";
import { limits, ServiceError } from "../../../core/base/mod.ts";
import { ReusableMessage } from "../../../core/groups/outgoing-message.ts";
import { withSubprotocols } from "../../../core/websocket/mod.ts";
import type {
  ClientServer,
  ClientServerOptions,
  ServerTls,
} from "../../../runtimes/server/client-server.ts";
import { createZlibDeflate } from "../../../runtimes/server/deflate.ts";
import { createWasmCodec } from "../../../wasm/codec/mod.ts";
import { graphProtocol } from "../sockets/graph-protocol.ts";
import { FixtureHandler } from "./handler.ts";
import { say } from "./say.ts";

/** What a test asks of the fixture, as JSON in its second argument. */
export interface FixtureOptions {
  readonly compression?: boolean;
  readonly messageBytesMax?: number;
  readonly port?: number;
  readonly handshakeTimeoutMs?: number;
  readonly tls?: ServerTls;
}

export type StartServer = (options: ClientServerOptions) => Promise<ClientServer>;

/** Starts the server that the first argument names, and tells its port, or why there is none. */
export async function startFixture(engines: Readonly<Record<string, StartServer>>): Promise<void> {
  try {
    await startServer(engines);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    say({ event: "refused", errorCode: error.code });
    process.exitCode = 1;
  }
}

async function startServer(engines: Readonly<Record<string, StartServer>>): Promise<void> {
  const [engine = "", settings = "{}"] = process.argv.slice(2);
  const options = JSON.parse(settings) as FixtureOptions;
  const { compression, messageBytesMax, port, handshakeTimeoutMs, tls } = options;
  const codec = createWasmCodec({
    node: "fixture",
    messageBytesMax: messageBytesMax ?? limits.messageBytesMax,
    batchBytesTarget: limits.batchBytesTarget,
    partialBytesMax: limits.partialBytesMax,
  });
  const deflate = compression === true ? createZlibDeflate() : undefined;
  const start = engines[engine];
  if (start === undefined) throw new Error(`no engine ${engine}`);
  const handler = new FixtureHandler(codec, deflate);
  const message = new ReusableMessage(deflate);
  const newMessage = (data: string | Uint8Array): ReusableMessage => message.setData(data);
  const server = await start({
    host: "127.0.0.1",
    port: port ?? 0,
    handshakeTimeoutMs,
    tls,
    handler: withSubprotocols(handler, [graphProtocol], { newMessage }),
    codec,
    clock: new SystemClock(),
    deflate,
    messageBytesMax: messageBytesMax ?? limits.messageBytesMax,
    batchBuffers: false,
  });
  handler.server = server;
  handler.tls = tls;
  const canPublish = server.broadcast !== undefined;
  say({ event: "listening", port: server.port, canPublish });
}
