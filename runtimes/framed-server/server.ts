import { limits } from "../../core/base/mod.ts";
import { FramedSockets } from "../../core/websocket/mod.ts";
import type { ClientServer, ClientServerOptions } from "../server/mod.ts";
import { type AcceptedStream, ClientPort, type TcpPort } from "./client-port.ts";
import type { ClientStream } from "./client-stream.ts";
import { Deadlines } from "./deadlines.ts";
import { HandshakeStream, type Handshakes } from "./handshake-stream.ts";

/** The core counts a head by one rule on every runtime; white space around values is beside it. */
const headerSlackBytes = 256;

/** What a TCP port does with the streams that it accepts. */
export interface Clients {
  /** Counts a stream. False if there is no room for it: it must be closed. */
  readonly admits: (stream: AcceptedStream) => boolean;
  /** A stream that was admitted is gone. */
  readonly left: () => void;
  /** Reads the request of a stream that was admitted. */
  readonly greet: (stream: ClientStream) => void;
  /** Streams that we have ended, until the client has ended them too. */
  readonly endings: Deadlines<ClientStream>;
}

/** Engine wasm: our own WebSocket server over the streams of a TCP port. */
export async function startServer(
  options: ClientServerOptions,
  createTcpPort: (clients: Clients) => TcpPort,
): Promise<ClientServer> {
  const { clock, handshakeTimeoutMs = 0 } = options;
  const shared: Handshakes = {
    options,
    sockets: new FramedSockets({
      ...options,
      ...options.codec,
      batchBuffers: options.batchBuffers ?? true,
    }),
    head: {
      bytesMax: (options.headerBytesMax ?? limits.handshakeHeaderBytesMax) + headerSlackBytes,
      linesMax: limits.handshakeHeaderLinesMax,
      text,
    },
    requests: new Deadlines(clock, handshakeTimeoutMs),
    endings: new Deadlines(clock, limits.closeHandshakeMs),
  };
  const port = new ClientPort(options);
  const clients: Clients = {
    admits: (stream) => port.admits(stream),
    left: port.left,
    greet: (stream) => void new HandshakeStream(shared, stream),
    endings: shared.endings,
  };
  await port.start(createTcpPort(clients));
  return {
    get port() {
      return port.number;
    },
    get streams() {
      return port.streams;
    },
    reloadTls: (tls) => port.setTls(tls),
    shortage: (short) => port.shortage(short),
    stop: async () => {
      port.stop();
      for (const stream of [...shared.requests.items(), ...shared.endings.items()]) {
        stream.destroy();
      }
    },
  };
}

function text(bytes: Uint8Array, from: number, to: number): string {
  // Chunks of a stream are buffers already. A further view of one costs more than the text.
  const whole = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset);
  return whole.toString("latin1", from, to);
}
