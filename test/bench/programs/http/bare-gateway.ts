/**
 * The least that a message costs where each one is a POST: a WebSocket server that writes requests
 * in the original's form to raw TCP connections and sends back what the answers say. It checks
 * nothing, limits nothing, and an answer must come in one piece. Argument: the URL of the origin.
 */
import { connect, type Socket } from "node:net";
import process from "node:process";

interface Client {
  readonly data: { readonly id: string };
  send(data: string): unknown;
}

interface Answer {
  readonly OutgoingWebSocketMessages: readonly { readonly Message: { readonly Text: string } }[];
}

const { hostname, port, host } = new URL(process.argv[2] ?? "");
const start = `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n`;
const endOfHead = "\r\n\r\n";

class Connection {
  readonly #stream: Socket = connect({ host: hostname, port: Number(port), noDelay: true });
  #client: Client | undefined;

  constructor() {
    this.#stream.on("data", (bytes) => this.#answered(bytes.toString()));
  }

  post(client: Client, text: string): void {
    this.#client = client;
    const received = `{"Binary":null,"Text":${JSON.stringify(text)}}`;
    const body =
      `{"WebSocketEvent":{"ConnectionId":"${client.data.id}","ConnectionEstablished":null,` +
      `"ConnectionClosed":null,"MessageReceived":${received}},"WebSocketKeepAlives":null}`;
    const length = `Content-Length: ${Buffer.byteLength(body)}`;
    this.#stream.write(`${start}${length}${endOfHead}${body}`);
  }

  #answered(text: string): void {
    const body = text.slice(text.indexOf(endOfHead) + endOfHead.length);
    const { OutgoingWebSocketMessages: messages } = JSON.parse(body) as Answer;
    const client = this.#client;
    idle.push(this);
    for (const { Message } of messages) client?.send(Message.Text);
  }
}

const idle: Connection[] = [];

const server = Bun.serve<{ id: string }>({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, self) => {
    if (self.upgrade(request, { data: { id: btoa(crypto.randomUUID()) } })) return undefined;
    return new Response("no WebSocket", { status: 426 });
  },
  websocket: {
    message: (client, data) => (idle.pop() ?? new Connection()).post(client, String(data)),
  },
});
process.stdout.write(`${JSON.stringify({ event: "started", port: server.port })}\n`);
