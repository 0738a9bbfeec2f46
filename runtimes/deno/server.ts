import { portError } from "../../adapters/system/mod.ts";
import { limits } from "../../core/base/mod.ts";
import type { HandshakeAnswer } from "../../core/ports/mod.ts";
import { refuse } from "../../core/websocket/mod.ts";
import {
  answerRequest,
  type ClientServer,
  type ClientServerOptions,
  FetchRequest,
  failed,
  refusalResponse,
} from "../server/mod.ts";
import { type DenoServeInfo, deno } from "./deno-api.ts";
import { DenoSocket } from "./socket.ts";

/** Engine native: `Deno.serve` and its upgrade. */
export async function startDenoServer(options: ClientServerOptions): Promise<ClientServer> {
  return new DenoServer(options);
}

const full = refuse(503, "tcp-streams-full", "the node is full: no file descriptor is available", {
  "retry-after": "5",
});

class DenoServer implements ClientServer {
  readonly port: number;
  readonly #options: ClientServerOptions;
  readonly #abort: AbortController = new AbortController();
  /** No descriptor can be spared: every request is refused. */
  #short = false;

  constructor(options: ClientServerOptions) {
    this.#options = options;
    const { host, port } = options;
    try {
      this.port = this.#listen(port);
    } catch (cause) {
      throw portError(cause, { host, port });
    }
  }

  #listen(port: number): number {
    const options = this.#options;
    const server = deno.serve(
      {
        hostname: options.host,
        port,
        reusePort: options.reusePort ?? false,
        signal: this.#abort.signal,
        ...options.tls,
        onListen: () => {},
        onError: (error) => {
          options.handlerFailed?.(error);
          return refusalResponse(failed);
        },
      },
      (request, info) => this.#answer(request, info),
    );
    server.finished.catch(() => {
      options.acceptFailed?.();
      this.#listenAgain();
    });
    return server.addr.port;
  }

  /** Deno closes the port when it has run out of descriptors, and would end the process. */
  #listenAgain(): void {
    this.#options.clock.after(limits.descriptorsTickMs, () => {
      if (this.#abort.signal.aborted) return;
      try {
        this.#listen(this.port);
      } catch {
        this.#listenAgain();
      }
    });
  }

  #answer(request: Request, info: DenoServeInfo): Response | Promise<Response> {
    if (!this.#short) return answer(request, info, this.#options);
    const { hostname: address } = info.remoteAddr;
    this.#options.refused?.({ code: "tcp-streams-full", address });
    return refusalResponse(full);
  }

  /** Deno's server cannot change the certificate that it was started with. */
  reloadTls(): Promise<boolean> {
    return Promise.resolve(false);
  }

  /** Deno reports a stream only when its request has come, so it cannot be cut before. */
  shortage(short: boolean): void {
    this.#short = short;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
  }
}

function answer(
  request: Request,
  info: DenoServeInfo,
  options: ClientServerOptions,
): Response | Promise<Response> {
  const wrapped = new FetchRequest(request, info.remoteAddr.hostname ?? "");
  return answerRequest(options, wrapped, (known) => upgrade(request, known, options));
}

function upgrade(
  request: Request,
  answer: HandshakeAnswer,
  options: ClientServerOptions,
): Response {
  if (!answer.accepted) return refusalResponse(answer);
  const { subprotocol } = answer;
  // In seconds. Deno pings a client after half of it, and closes the connection after all of it.
  const idleTimeout = (options.deadAfterMs ?? 0) / 1_000;
  try {
    const { socket, response } = deno.upgradeWebSocket(request, { idleTimeout });
    // Not by Deno's option: Deno looks the name up in the request's list, knows only `, ` as a
    // separator, and answers 400 to other lists that RFC 9110, 5.6.1 allows.
    if (subprotocol !== undefined) response.headers.set("sec-websocket-protocol", subprotocol);
    for (const [name, value] of Object.entries(answer.headers ?? {})) {
      response.headers.append(name, value);
    }
    new DenoSocket(socket, answer, options);
    return response;
  } catch {
    // Deno does not accept the request as an upgrade, or the stream is gone.
    options.handler.abandon(answer);
    return refusalResponse(answer);
  }
}
