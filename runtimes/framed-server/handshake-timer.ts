import type { Socket as NetSocket } from "node:net";
// Not the global functions: on Deno they give a number, which has no `unref`.
import { clearTimeout, setTimeout } from "node:timers";

/** The property by which a stream refers to its timer; null while none runs. */
const held = Symbol("handshake timer");

interface TimedSocket extends NetSocket {
  [held]?: NodeJS.Timeout | null;
}

/**
 * Calls `late` if a stream brings no whole request within `ms`. The time that an answer takes
 * does not count: the client cannot help it. It is a timer of our own because Bun and Deno
 * implement the timeouts of `node:http` differently.
 */
export function startHandshakeTimer(
  stream: NetSocket,
  ms: number,
  late: (stream: NetSocket) => void,
): void {
  const timed = stream as TimedSocket;
  if (timed[held] === undefined) stream.on("close", onClose);
  stopHandshakeTimer(stream);
  timed[held] = setTimeout(late, ms, stream);
  timed[held].unref();
}

/** One for all streams: a closure for each would stay as long as its connection. */
function onClose(this: NetSocket): void {
  stopHandshakeTimer(this);
}

/** The stream's request is complete. */
export function stopHandshakeTimer(stream: NetSocket): void {
  const timed = stream as TimedSocket;
  if (timed[held]) clearTimeout(timed[held]);
  timed[held] = null;
}
