import type { Socket as NetSocket } from "node:net";
// Not the global functions: on Deno they give a number, which has no `unref`.
import { clearTimeout, setTimeout } from "node:timers";

/** Ends a stream after everything was written; cuts it if the other side takes too long. */
export function endWithin(stream: NetSocket, ms: number): void {
  // Not the stream's own timeout: a client that sends a byte now and then would reset that.
  const timer = setTimeout(() => stream.destroy(), ms);
  timer.unref();
  stream.once("close", () => clearTimeout(timer));
  stream.end();
}
