import { SystemRandom } from "../../../adapters/system/mod.ts";
import { newConnectionId } from "../../../core/connection-id.ts";
import { ReusableMessage } from "../../../core/outgoing-message.ts";
import type {
  Codec,
  ConnectionHandle,
  Deflate,
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRequest,
  Socket,
  SocketHandler,
} from "../../../core/ports/mod.ts";
import { checkHandshake, chooseSubprotocol, refuse } from "../../../core/protocol/mod.ts";
import type { ClientServer } from "../../../runtimes/client-server.ts";
import { say } from "./say.ts";

export interface FixtureConnection extends ConnectionHandle {
  readonly socket: Socket;
  readonly name: string;
  /** Messages are counted and not echoed. */
  readonly counts: boolean;
  messages: number;
  bytes: number;
}

const refusals = {
  "/forbidden": refuse(403, "handshake-refused", "not here"),
  "/page": {
    accepted: false as const,
    statusCode: 200,
    headers: { "content-type": "text/html" },
    body: "<p>a page</p>",
  },
};

/** Not the gateway: an echo that does what a text beginning with `!` says. */
export class FixtureHandler implements SocketHandler<FixtureConnection> {
  server: ClientServer | undefined = undefined;
  private readonly codec: Codec;
  private readonly deflate: Deflate | undefined;
  private readonly message: ReusableMessage;
  private readonly random = new SystemRandom();
  private readonly connections = new Map<string, FixtureConnection>();
  private readonly freeSlots: number[] = [];
  private nextSlot = 0;

  constructor(codec: Codec, deflate: Deflate | undefined) {
    this.codec = codec;
    this.deflate = deflate;
    this.message = new ReusableMessage(deflate);
  }

  handshake(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer> {
    const refusal = refusals[request.path as keyof typeof refusals];
    if (refusal !== undefined) return refusal;
    const offer = checkHandshake(request);
    if (!("ok" in offer)) return offer;
    const admission: HandshakeAdmission = {
      accepted: true,
      app: "default",
      subprotocol: chooseSubprotocol(offer.offeredSubprotocols, ["chat", "v2"]),
      deflate: this.deflate !== undefined && offer.deflateOffered,
      info: { path: request.path, query: request.query, ip: request.remoteAddress },
    };
    if (request.path === "/throws") return Promise.reject(new Error("as a test wants it"));
    return request.path === "/later" ? later(admission) : admission;
  }

  open(socket: Socket, admission: HandshakeAdmission): FixtureConnection {
    const slot = this.freeSlots.pop() ?? this.nextSlot++;
    const query = new URLSearchParams(String(admission.info.query));
    const name = query.get("name") ?? `c${slot}`;
    const counts = query.get("mode") === "count";
    const connection = { slot, socket, name, counts, messages: 0, bytes: 0 };
    this.codec.bind(slot, newConnectionId("fixture", slot, this.random), -1);
    this.connections.set(name, connection);
    say({ event: "open", name, ip: admission.info.ip });
    return connection;
  }

  text(connection: FixtureConnection, data: string): void {
    connection.messages += 1;
    connection.bytes += data.length;
    if (data.startsWith("!")) this.command(connection, data.slice(1).split(" "));
    else if (!connection.counts) this.send(connection.socket, data);
  }

  binary(connection: FixtureConnection, data: Uint8Array): void {
    connection.messages += 1;
    connection.bytes += data.length;
    if (!connection.counts) this.send(connection.socket, data);
  }

  batched(): void {}

  laneFull(): void {}

  fault(connection: FixtureConnection, errorCode: string): void {
    say({ event: "fault", name: connection.name, errorCode });
  }

  pong(connection: FixtureConnection): void {
    say({ event: "pong", name: connection.name });
  }

  drained(connection: FixtureConnection): void {
    say({ event: "drained", name: connection.name, buffered: connection.socket.bufferedBytes });
  }

  close(connection: FixtureConnection, closeCode: number, closeReason: string): void {
    const { name, slot } = connection;
    say({ event: "close", name, closeCode, closeReason, messages: connection.messages });
    this.codec.unbind(slot);
    this.connections.delete(name);
    this.freeSlots.push(slot);
    if (closeReason === "stop") void this.server?.stop().then(() => say({ event: "stopped" }));
  }

  private send(socket: Socket, data: string | Uint8Array): boolean {
    const sent = socket.send(this.message.setData(data));
    socket.flush();
    return sent;
  }

  private command({ socket, name }: FixtureConnection, words: readonly string[]): void {
    const [verb, first = "", ...rest] = words;
    const other = this.connections.get(first);
    switch (verb) {
      case "close":
        this.send(socket, "before");
        socket.close(Number(first), rest.join(" "));
        say({ event: "sent", name, sent: this.send(socket, "after") });
        break;
      case "terminate":
        socket.terminate();
        break;
      case "ping":
        socket.ping();
        break;
      case "many":
        for (let index = 0; index < Number(first); index += 1) {
          socket.send(this.message.setData(`message ${index}`));
        }
        socket.flush();
        break;
      case "big": {
        const sent = this.send(socket, new Uint8Array(Number(first)).fill(7));
        say({ event: "sent", name, sent, buffered: socket.bufferedBytes });
        break;
      }
      case "pause":
        this.send(socket, String(other?.socket.pause()));
        break;
      case "resume":
        other?.socket.resume();
        break;
      case "stats": {
        const stats = other && { messages: other.messages, buffered: other.socket.bufferedBytes };
        this.send(socket, JSON.stringify(stats ?? null));
        break;
      }
      case "stop-listening":
        this.server?.stopListening();
        this.send(socket, "stopped");
        break;
      case "stop":
        socket.close(1_012, "stop");
        break;
      default:
        throw new Error(`unknown command ${verb}`);
    }
  }
}

function later(admission: HandshakeAdmission): Promise<HandshakeAnswer> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(admission), 20);
  });
}
