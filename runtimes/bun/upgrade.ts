import type { Server } from "bun";
import type { HandshakeAnswer } from "../../core/ports/mod.ts";
import {
  answerRequest,
  type ClientServerOptions,
  FetchRequest,
  refusalResponse,
} from "../server/mod.ts";
import { BunSocket } from "./socket.ts";

/** Answers a request by what the handler says; undefined if it became a WebSocket. */
export function answer(
  options: Pick<ClientServerOptions, "handler" | "handlerFailed">,
  request: Request,
  server: Server<BunSocket>,
): Response | undefined | Promise<Response | undefined> {
  const wrapped = new FetchRequest(request, server.requestIP(request)?.address ?? "");
  // While an upgrade waits for this, Bun's `idleTimeout` does not run. (After `server.timeout` it
  // would not run on a refused stream either, for ever.)
  return answerRequest(options, wrapped, (known: HandshakeAnswer) => {
    if (!known.accepted) return refusalResponse(known);
    // Without the header Bun would answer with the first one offered; an empty one is not sent.
    const headers = { ...known.headers, "sec-websocket-protocol": known.subprotocol ?? "" };
    const data = new BunSocket(known, server);
    // Bun opens it before this returns; false if the client has gone, or asked for no upgrade.
    if (server.upgrade(request, { data, headers })) return undefined;
    options.handler.abandon(known);
    return refusalResponse(known);
  });
}
