import { ServiceError } from "../../core/base/mod.ts";
import type { HandshakeAnswer } from "../../core/ports/mod.ts";
import { refuse } from "../../core/protocol/mod.ts";
import { answerRequest, type ClientServer, type ClientServerOptions } from "../client-server.ts";
import { FetchRequest, refusalResponse } from "../fetch-request.ts";
import { type DenoHttpServer, type DenoServeInfo, deno } from "./deno-api.ts";
import { DenoSocket } from "./socket.ts";

/** Engine native: `Deno.serve` and its upgrade. */
export async function startDenoServer(options: ClientServerOptions): Promise<ClientServer> {
  const { host, port } = options;
  const abort = new AbortController();
  const gate = { open: true };
  try {
    const server = deno.serve(
      {
        hostname: host,
        port,
        signal: abort.signal,
        ...options.tls,
        onListen: () => {},
        onError: () =>
          new Response("internal: the request could not be handled.\n", { status: 500 }),
      },
      (request, info) =>
        gate.open ? answer(request, info, options) : refusalResponse(closedGate),
    );
    return new DenoServer(server, abort, gate);
  } catch (cause) {
    const taken = (cause as { name?: unknown }).name === "AddrInUse";
    const message = taken ? `port ${port} on ${host} is in use` : String(cause);
    throw new ServiceError(taken ? "port-in-use" : "internal", message, { cause });
  }
}

const closedGate = refuse(503, "handshake-refused", "this server takes no new connections");

class DenoServer implements ClientServer {
  readonly port: number;
  readonly canPause = false;
  private readonly abort: AbortController;
  private readonly gate: { open: boolean };

  constructor(server: DenoHttpServer, abort: AbortController, gate: { open: boolean }) {
    this.abort = abort;
    this.gate = gate;
    this.port = server.addr.port;
  }

  /** Deno's server keeps the certificate that it was started with. */
  reloadTls(): Promise<boolean> {
    return Promise.resolve(false);
  }

  stopListening(): void {
    // Deno's `shutdown` would close the WebSockets too, so the port stays and refuses.
    this.gate.open = false;
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
  return answerRequest(options.handler, wrapped, (known) => upgrade(request, known, options));
}

function upgrade(
  request: Request,
  answer: HandshakeAnswer,
  options: ClientServerOptions,
): Response {
  if (!answer.accepted) return refusalResponse(answer);
  const { subprotocol } = answer;
  // Deno pings who was silent for half of it, and takes for dead who is for all of it. Seconds.
  const idleTimeout = (options.deadAfterMs ?? 0) / 1_000;
  try {
    const { socket, response } = deno.upgradeWebSocket(request, { idleTimeout });
    // Not as Deno's option: Deno looks for it in the request, in a list with `, ` between its
    // elements only, and answers 400 to the other lists of RFC 9110, 5.6.1.
    if (subprotocol !== undefined) response.headers.set("sec-websocket-protocol", subprotocol);
    for (const [name, value] of Object.entries(answer.headers ?? {})) {
      response.headers.append(name, value);
    }
    new DenoSocket(socket, answer, options);
    return response;
  } catch {
    // It is no upgrade in Deno's eyes, or the stream is not there any more.
    options.handler.abandon(answer);
    return refusalResponse(answer);
  }
}
