import type { Socket as NetSocket } from "node:net";
// Not the global ones: Deno's gives a number, without unref.
import { clearTimeout, setTimeout } from "node:timers";

/** Where a stream keeps its timer; null while none runs. */
const held = Symbol("handshake timer");

interface TimedSocket extends NetSocket {
  [held]?: NodeJS.Timeout | null;
}

/**
 * Calls `late` where a stream brings no whole request for `ms`. Not while an answer is awaited:
 * how long that takes is not the client's doing. One of our own,
 * because the timeouts of `node:http` are not those of Node.js on every runtime.
 */
export function startHandshakeTimer(
  stream: NetSocket,
  ms: number,
  late: (stream: NetSocket) => void,
): void {
  const timed = stream as TimedSocket;
  if (timed[held] === undefined) stream.once("close", () => stopHandshakeTimer(stream));
  stopHandshakeTimer(stream);
  timed[held] = setTimeout(() => late(stream), ms);
  timed[held].unref();
}

/** The stream's request is whole. */
export function stopHandshakeTimer(stream: NetSocket): void {
  const timed = stream as TimedSocket;
  if (timed[held]) clearTimeout(timed[held]);
  timed[held] = null;
}
