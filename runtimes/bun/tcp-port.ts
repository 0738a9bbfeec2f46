import { listen, type SocketHandler, type TCPSocketListener } from "bun";
import { portError } from "../../adapters/system/mod.ts";
import {
  type Clients,
  startFramedServer,
  startServer,
  type TcpPort,
} from "../framed-server/mod.ts";
import type { ClientServer, ClientServerOptions } from "../server/mod.ts";
import { BunStream, type TcpSocket } from "./tcp-stream.ts";

/** Engine wasm over the streams of `Bun.listen`. With TLS over those of `node:tls`: record 26. */
export function startTcpServer(options: ClientServerOptions): Promise<ClientServer> {
  if (options.tls !== undefined) return startFramedServer(options);
  return startServer(options, (clients) => new BunTcpPort(options, clients));
}

export class BunTcpPort implements TcpPort {
  readonly #options: ClientServerOptions;
  readonly #handlers: SocketHandler<BunStream | undefined>;
  #listener: TCPSocketListener<BunStream | undefined> | undefined = undefined;

  constructor(options: ClientServerOptions, clients: Clients) {
    this.#options = options;
    this.#handlers = handlersOf(clients);
  }

  async open(port: number): Promise<number> {
    const { host, reusePort = false } = this.#options;
    const where = { hostname: host, port, reusePort, allowHalfOpen: true };
    try {
      this.#listener = listen<BunStream | undefined>({ ...where, socket: this.#handlers });
      return this.#listener.port;
    } catch (cause) {
      throw portError(cause, { host, port });
    }
  }

  close(): void {
    this.#listener?.stop(false);
    this.#listener = undefined;
  }
}

/** What Bun calls, for all streams of a server. */
function handlersOf({
  admits,
  left,
  greet,
  endings,
}: Clients): SocketHandler<BunStream | undefined> {
  return {
    open(socket) {
      const accepted = socket as TcpSocket;
      if (!admits(accepted)) {
        accepted.close();
        return;
      }
      const stream = new BunStream(accepted);
      accepted.data = stream;
      greet(stream);
    },
    data: ({ data }, chunk) => data?.owner?.data(chunk),
    drain: ({ data }) => data?.emptied(),
    end: ({ data }) => data?.clientEnded(endings),
    close({ data }) {
      if (data === undefined) return;
      left();
      data.closed(endings);
    },
  };
}
