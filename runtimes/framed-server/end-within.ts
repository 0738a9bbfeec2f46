import type { Socket as NetSocket } from "node:net";
// Not the global ones: Deno's gives a number, without unref.
import { clearTimeout, setTimeout } from "node:timers";

/** Ends a stream after what is written; cuts it where the other side takes too long. */
export function endWithin(stream: NetSocket, ms: number): void {
  // Not the stream's own timeout: a trickle of bytes would put that off for ever.
  const timer = setTimeout(() => stream.destroy(), ms);
  timer.unref();
  stream.once("close", () => clearTimeout(timer));
  stream.end();
}
