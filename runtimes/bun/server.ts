import http from "node:http";
import { type Server, serve } from "bun";
import { portError } from "../../adapters/system/mod.ts";
import { limits } from "../../core/base/mod.ts";
import type { Broadcast } from "../../core/ports/mod.ts";
import {
  type ClientServer,
  type ClientServerOptions,
  failed,
  refusalResponse,
  type ServerTls,
} from "../server/mod.ts";
import { BunBroadcast } from "./broadcast.ts";
import type { BunSocket } from "./socket.ts";
import { answer } from "./upgrade.ts";
import { webSocketHandler } from "./websocket-handler.ts";

/** Bun counts the bytes of a request's head in a way of its own. */
const headerSlackBytes = 256;

/** Engine native: the WebSocket server that Bun has built in. */
export async function startBunServer(options: ClientServerOptions): Promise<ClientServer> {
  // Raises Bun's own limit of 16 KiB, which applies to the whole process: Bun does not report a
  // request that Bun refuses by itself.
  Object.assign(http, { maxHeaderSize: limits.handshakeHeaderBytesCeiling + headerSlackBytes });
  const server = listen(options, options.port, options.tls);
  return new BunServer(server, options);
}

function listen(
  options: ClientServerOptions,
  port: number,
  tls: ServerTls | undefined,
): Server<BunSocket> {
  const { host, reusePort = false } = options;
  try {
    return serve<BunSocket>({
      hostname: host,
      port,
      ...(tls === undefined ? {} : { tls }),
      development: false,
      // Without development mode Bun shares a port that another process has, unless this is false.
      reusePort,
      // Of a stream that is not upgraded, in seconds; Bun takes no more than 255.
      idleTimeout: Math.min(255, Math.ceil((options.handshakeTimeoutMs ?? 0) / 1_000)),
      fetch: (request, server) => answer(options, request, server),
      error: (error) => {
        options.handlerFailed?.(error);
        return refusalResponse(failed);
      },
      websocket: webSocketHandler(options),
    });
  } catch (cause) {
    throw portError(cause, { host, port });
  }
}

class BunServer implements ClientServer {
  readonly port: number;
  readonly broadcast: Broadcast;
  readonly #options: ClientServerOptions;
  #server: Server<BunSocket>;
  /** Servers with an earlier certificate: they have connections left, and no port. */
  #former: Server<BunSocket>[] = [];
  #listening = true;
  #stopped = false;
  #tls: ServerTls | undefined;

  constructor(server: Server<BunSocket>, options: ClientServerOptions) {
    this.#server = server;
    this.#options = options;
    this.#tls = options.tls;
    this.port = server.port ?? 0;
    const deflate = options.deflate !== undefined;
    this.broadcast = new BunBroadcast(() => [this.#server, ...this.#former], deflate);
  }

  /** Bun's `reload` keeps the certificate, so another server takes the port over. */
  async reloadTls(tls: ServerTls): Promise<boolean> {
    this.#tls = tls;
    // While descriptors are short the port is closed, and opens with this certificate later.
    if (this.#listening) {
      void this.#server.stop(false);
      this.#takeOver();
    }
    return true;
  }

  /**
   * Bun reports a stream only when its request has come, so it cannot be cut before: the port
   * closes while descriptors are short.
   */
  shortage(short: boolean): void {
    if (this.#stopped || this.#listening !== short) return;
    this.#listening = !short;
    if (short) void this.#server.stop(false);
    else this.#openAgain();
  }

  #openAgain(): void {
    if (this.#stopped || !this.#listening) return;
    try {
      this.#takeOver();
    } catch {
      this.#options.clock.after(limits.descriptorsTickMs, () => this.#openAgain());
    }
  }

  /** Another server has the port from now on. */
  #takeOver(): void {
    const next = listen(this.#options, this.port, this.#tls);
    const used = this.#former.filter((one) => one.pendingWebSockets + one.pendingRequests > 0);
    this.#former = [...used, this.#server];
    this.#server = next;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.#server, ...this.#former].map((server) => server.stop(true)));
  }
}
