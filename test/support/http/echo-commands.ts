import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface Posted {
  readonly WebSocketEvent: {
    readonly ConnectionId: string;
    readonly ConnectionEstablished: object | null;
    readonly MessageReceived: { readonly Text: string | null } | null;
  } | null;
}

/**
 * An HTTP back end in the original's form that does what clients write: a text is a JSON array of
 * commands, and `me` in it stands for the client's own id. It keeps the ids that it was sent.
 */
export class EchoCommands {
  readonly opened: string[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<EchoCommands> {
    const server = createServer();
    const backEnd = new EchoCommands(server);
    server.on("request", (request, response) => void backEnd.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return backEnd;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const { WebSocketEvent: event } = JSON.parse(body) as Posted;
    const id = Buffer.from(event?.ConnectionId ?? "", "base64").toString();
    if (event?.ConnectionEstablished) this.opened.push(id);
    const text = event?.MessageReceived?.Text ?? "[]";
    response.writeHead(200, { "content-type": "application/json" });
    response.end(text.replaceAll('"me"', JSON.stringify(id)));
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
