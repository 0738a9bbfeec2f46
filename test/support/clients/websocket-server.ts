import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";
import { type WebSocket, WebSocketServer } from "ws";

export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Handshakes that came, in order. */
  readonly requests: readonly IncomingMessage[];
}

/** A WebSocket server by another author, for our own client. It echoes unless `talk` is given. */
export async function startWebSocketServer(
  talk: (socket: WebSocket, request: IncomingMessage) => void = echo,
  options: ConstructorParameters<typeof WebSocketServer>[0] = {},
): Promise<TestServer> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", ...options });
  const requests: IncomingMessage[] = [];
  server.on("connection", (socket, request) => {
    requests.push(request);
    socket.on("error", () => {});
    talk(socket, request);
  });
  await new Promise<void>((resolve) => server.once("listening", resolve));
  after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}/`, port, requests };
}

function echo(socket: WebSocket): void {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
}
