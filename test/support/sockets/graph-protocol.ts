import {
  MessageKind,
  type OutgoingMessage,
  type Socket,
  type SocketHandler,
} from "../../../core/ports/mod.ts";
import {
  type NewMessage,
  type Subprotocol,
  SubprotocolConnection,
} from "../../../core/websocket/mod.ts";

interface GraphMessage {
  readonly type?: unknown;
  readonly id?: unknown;
  readonly payload?: unknown;
}

/** In the manner of `graphql-transport-ws`: greetings and pings at the edge, the rest passes. */
export const graphProtocol: Subprotocol = {
  name: "graph",
  connect: (socket, gateway, newMessage) => new GraphConnection(socket, gateway, newMessage),
};

class GraphConnection extends SubprotocolConnection {
  readonly #newMessage: NewMessage;
  #greeted = false;

  constructor(socket: Socket, gateway: SocketHandler, newMessage: NewMessage) {
    super(socket, gateway);
    this.#newMessage = newMessage;
  }

  override text(data: string): void {
    const message = parse(data);
    switch (message?.type) {
      case "connection_init":
        if (this.#greeted) this.violated(4429, "Too many initialisation requests");
        else this.#answer(data, { type: "connection_ack" });
        this.#greeted = true;
        break;
      case "ping":
        this.#answer(data, { type: "pong", payload: message.payload });
        break;
      case "pong":
        this.kept(data.length);
        break;
      case "subscribe":
      case "complete":
        if (this.#greeted) super.text(data);
        else this.violated(4401, "Unauthorized");
        break;
      default:
        this.violated(4400, "Invalid message");
    }
  }

  override binary(_data: Uint8Array): void {
    this.violated(4400, "Invalid message");
  }

  /** What an echoing origin sends back is an answer; what is no JSON goes to everybody. */
  override send(message: OutgoingMessage): boolean {
    if (message.kind === MessageKind.binary) return false;
    const text = message.text();
    const parsed = parse(text);
    if (parsed === undefined) return this.#send({ type: "next", id: "*", payload: text });
    if (parsed.type !== "subscribe") return super.send(message);
    return this.#send({ type: "next", id: parsed.id, payload: parsed.payload });
  }

  #answer(data: string, message: GraphMessage): void {
    this.kept(data.length);
    this.#send(message);
    this.flush();
  }

  #send(message: GraphMessage): boolean {
    return this.socket.send(this.#newMessage(JSON.stringify(message)));
  }
}

function parse(data: string): GraphMessage | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null ? (value as GraphMessage) : undefined;
  } catch {
    return undefined;
  }
}

/** What a client says, each with what comes back from the edge, or from an echo behind it. */
export const graphTalk: readonly (readonly [said: string, answer: string | undefined])[] = [
  ['{"type":"ping"}', '{"type":"pong"}'],
  ['{"type":"connection_init"}', '{"type":"connection_ack"}'],
  ['{"type":"pong"}', undefined],
  ['{"type":"ping","payload":{"a":1}}', '{"type":"pong","payload":{"a":1}}'],
  [
    '{"type":"subscribe","id":"1","payload":"{ ü }"}',
    '{"type":"next","id":"1","payload":"{ ü }"}',
  ],
  ['{"type":"complete","id":"1"}', '{"type":"complete","id":"1"}'],
];

/** How a client is closed, by what it says. */
export const graphFaults: readonly (readonly [said: readonly string[], close: string])[] = [
  [
    ['{"type":"connection_init"}', '{"type":"connection_init"}'],
    "close 4429 Too many initialisation requests",
  ],
  [['{"type":"subscribe","id":"1"}'], "close 4401 Unauthorized"],
  [["no JSON"], "close 4400 Invalid message"],
  [['{"type":"unknown"}'], "close 4400 Invalid message"],
];
