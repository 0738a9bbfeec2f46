import { ServiceError } from "../../core/base/mod.ts";
import type { HandshakeAnswer } from "../../core/ports/mod.ts";
import { answerRequest, type ClientServer, type ClientServerOptions } from "../client-server.ts";
import { FetchRequest, refusalResponse } from "../fetch-request.ts";
import { type DenoHttpServer, type DenoServeInfo, deno } from "./deno-api.ts";
import { DenoSocket } from "./socket.ts";

/** Engine native: `Deno.serve` and its upgrade. */
export async function startDenoServer(options: ClientServerOptions): Promise<ClientServer> {
  const { host, port } = options;
  const abort = new AbortController();
  try {
    const server = deno.serve(
      {
        hostname: host,
        port,
        signal: abort.signal,
        onListen: () => {},
        onError: () =>
          new Response("internal: the request could not be handled.\n", { status: 500 }),
      },
      (request, info) => answer(request, info, options),
    );
    return new DenoServer(server, abort);
  } catch (cause) {
    const taken = (cause as { name?: unknown }).name === "AddrInUse";
    const message = taken ? `port ${port} on ${host} is in use` : String(cause);
    throw new ServiceError(taken ? "port-in-use" : "internal", message, { cause });
  }
}

class DenoServer implements ClientServer {
  readonly port: number;
  readonly canPause = false;
  private readonly server: DenoHttpServer;
  private readonly abort: AbortController;

  constructor(server: DenoHttpServer, abort: AbortController) {
    this.server = server;
    this.abort = abort;
    this.port = server.addr.port;
  }

  stopListening(): void {
    // Settles when the last request is done; nobody waits for that.
    void this.server.shutdown().catch(() => {});
  }

  async stop(): Promise<void> {
    this.abort.abort();
  }
}

function answer(
  request: Request,
  info: DenoServeInfo,
  options: ClientServerOptions,
): Response | Promise<Response> {
  const wrapped = new FetchRequest(request, info.remoteAddr.hostname ?? "");
  return answerRequest(options.handler, wrapped, (answer) => upgrade(request, answer, options));
}

function upgrade(
  request: Request,
  answer: HandshakeAnswer,
  options: ClientServerOptions,
): Response {
  if (!answer.accepted) return refusalResponse(answer);
  const { subprotocol: protocol } = answer;
  // Liveness is the gateway's heartbeat, so Deno's is off.
  const settings = protocol === undefined ? { idleTimeout: 0 } : { idleTimeout: 0, protocol };
  const { socket, response } = deno.upgradeWebSocket(request, settings);
  new DenoSocket(socket, answer, options);
  return response;
}
