import type { Socket as NetSocket } from "node:net";
// Not the global ones: Deno's gives a number, without unref.
import { clearTimeout, setTimeout } from "node:timers";

/** Where a stream keeps its timer until it is upgraded. */
const held = Symbol("handshake timer");

interface TimedSocket extends NetSocket {
  [held]?: NodeJS.Timeout | undefined;
}

/**
 * Calls `late` where a stream is not upgraded, or asks nothing more, for `ms`. One of our own,
 * because the timeouts of `node:http` are not those of Node.js on every runtime.
 */
export function startHandshakeTimer(
  stream: NetSocket,
  ms: number,
  late: (stream: NetSocket) => void,
): void {
  const timed = stream as TimedSocket;
  if (timed[held] === undefined) stream.once("close", () => stopHandshakeTimer(stream));
  else clearTimeout(timed[held]);
  timed[held] = setTimeout(() => late(stream), ms);
  timed[held].unref();
}

/** The stream is upgraded. */
export function stopHandshakeTimer(stream: NetSocket): void {
  const timed = stream as TimedSocket;
  if (timed[held] === undefined) return;
  clearTimeout(timed[held]);
  timed[held] = undefined;
}
