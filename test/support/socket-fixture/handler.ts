import { SystemRandom } from "../../../adapters/system/mod.ts";
import { newConnectionId } from "../../../core/connection/new-connection-id.ts";
import { ReusableMessage } from "../../../core/groups/outgoing-message.ts";
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
import type { ClientServer, ServerTls } from "../../../runtimes/server/client-server.ts";
import { Answers } from "./answers.ts";
import { say } from "./say.ts";

export interface FixtureConnection extends ConnectionHandle {
  readonly socket: Socket;
  readonly name: string;
  /** Messages are counted and not echoed. */
  readonly counts: boolean;
  messages: number;
  bytes: number;
}

/** Not the gateway: an echo that does what a text beginning with `!` says. */
export class FixtureHandler implements SocketHandler<FixtureConnection> {
  server: ClientServer | undefined = undefined;
  tls: ServerTls | undefined = undefined;
  readonly #codec: Codec;
  readonly #answers: Answers;
  readonly #message: ReusableMessage;
  readonly #random = new SystemRandom();
  readonly #connections = new Map<string, FixtureConnection>();
  readonly #freeSlots: number[] = [];
  #nextSlot = 0;

  constructor(codec: Codec, deflate: Deflate | undefined) {
    this.#codec = codec;
    this.#answers = new Answers(deflate !== undefined);
    this.#message = new ReusableMessage(deflate);
  }

  handshake(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer> {
    return this.#answers.of(request);
  }

  abandon(admission: HandshakeAdmission): void {
    say({ event: "abandon", name: queryOf(admission).get("name") });
  }

  open(socket: Socket, admission: HandshakeAdmission): FixtureConnection {
    const slot = this.#freeSlots.pop() ?? this.#nextSlot++;
    const query = queryOf(admission);
    const name = query.get("name") ?? `c${slot}`;
    const counts = query.get("mode") === "count";
    const connection = { slot, socket, name, counts, messages: 0, bytes: 0 };
    this.#codec.events.bind(slot, newConnectionId("fixture", slot, this.#random), -1);
    this.#connections.set(name, connection);
    say({ event: "open", name, ip: admission.info.ip });
    return connection;
  }

  text(connection: FixtureConnection, data: string): void {
    connection.messages += 1;
    connection.bytes += data.length;
    if (data.startsWith("!")) this.#command(connection, data.slice(1).split(" "));
    else if (!connection.counts) this.#send(connection.socket, data);
  }

  binary(connection: FixtureConnection, data: Uint8Array): void {
    connection.messages += 1;
    connection.bytes += data.length;
    if (!connection.counts) this.#send(connection.socket, data);
  }

  batched(): void {}

  inflated(): void {}

  bufferFull(): void {}

  fault(connection: FixtureConnection, errorCode: string): void {
    say({ event: "fault", name: connection.name, errorCode });
  }

  pong(connection: FixtureConnection): void {
    say({ event: "pong", name: connection.name });
  }

  closed(connection: FixtureConnection, closeCode: number, closeReason: string): void {
    const { name, slot } = connection;
    say({ event: "close", name, closeCode, closeReason, messages: connection.messages });
    this.#codec.events.unbind(slot);
    this.#connections.delete(name);
    this.#freeSlots.push(slot);
    if (closeReason === "stop") void this.server?.stop().then(() => say({ event: "stopped" }));
  }

  gone({ name }: FixtureConnection): void {
    say({ event: "gone", name });
  }

  #send(socket: Socket, data: string | Uint8Array): boolean {
    const sent = socket.send(this.#message.setData(data));
    socket.flush();
    return sent;
  }

  #publish(topic: string, data: string | Uint8Array, except?: Socket): void {
    this.server?.broadcast?.publish(topic, this.#message.setData(data), except);
  }

  #command({ socket, name }: FixtureConnection, words: readonly string[]): void {
    const [verb, first = "", ...rest] = words;
    const other = this.#connections.get(first);
    switch (verb) {
      case "close":
        this.#send(socket, "before");
        socket.close(Number(first), rest.join(" "));
        say({ event: "sent", name, sent: this.#send(socket, "after") });
        break;
      case "terminate":
        socket.terminate();
        break;
      case "ping":
        socket.ping();
        break;
      case "many":
        for (let index = 0; index < Number(first); index += 1) {
          socket.send(this.#message.setData(`message ${index}`));
          for (const size of rest) {
            socket.send(this.#message.setData(new Uint8Array(Number(size)).fill(index)));
          }
        }
        socket.flush();
        break;
      case "big": {
        const sent = this.#send(socket, new Uint8Array(Number(first)).fill(7));
        say({ event: "sent", name, sent, buffered: socket.bufferedAmount });
        break;
      }
      case "pause":
        this.#send(socket, String(other?.socket.pause()));
        break;
      case "resume":
        other?.socket.resume();
        break;
      case "stats": {
        const stats = other && { messages: other.messages, buffered: other.socket.bufferedAmount };
        this.#send(socket, JSON.stringify(stats ?? null));
        break;
      }
      case "held":
        this.#send(socket, String(this.#answers.held));
        break;
      case "release":
        this.#answers.release();
        break;
      case "stop":
        socket.close(1_012, "stop");
        break;
      default:
        this.#broadcastCommand(socket, words);
    }
  }

  #broadcastCommand(socket: Socket, words: readonly string[]): void {
    const [verb, first = "", ...rest] = words;
    switch (verb) {
      case "die":
        setTimeout(() => {
          throw new Error("died as a test wants it");
        });
        break;
      case "reload-tls":
        if (this.tls === undefined) break;
        void this.server?.reloadTls(this.tls).then(() => this.#send(socket, "reloaded"));
        break;
      case "subscribe":
        socket.subscribe?.(first);
        break;
      case "unsubscribe":
        socket.unsubscribe?.(first);
        break;
      case "publish":
        this.#publish(first, rest.join(" "));
        break;
      case "publish-to-others":
        this.#publish(first, rest.join(" "), socket);
        break;
      case "publish-many":
        for (let index = 0; index < Number(rest[0]); index += 1) {
          if (index % 2 === 0) this.#publish(first, `message ${index}`);
          else this.#send(socket, `message ${index}`);
        }
        break;
      case "publish-big":
        for (let index = 0; index < 30; index += 1) {
          this.#publish(first, new Uint8Array(Number(rest[0])).fill(index));
        }
        break;
      case "publish-and-close":
        this.#publish(first, "before");
        socket.close(4_001, "enough");
        this.#publish(first, "after");
        break;
      default:
        throw new Error(`unknown command ${verb}`);
    }
  }
}

function queryOf(admission: HandshakeAdmission): URLSearchParams {
  return new URLSearchParams(String(admission.info.query));
}
