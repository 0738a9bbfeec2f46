import type { AddressInfo, Server } from "node:net";
import { limits } from "../../core/base/mod.ts";
import type { Clock } from "../../core/ports/mod.ts";

export interface BurstOptions {
  /** Opens every port again: each of them may have stopped accepting. */
  readonly reopen: () => void;
  /** Whether so many new streams in one tick may have used up the file descriptors. */
  readonly mayEndDescriptors: (streams: number) => boolean;
}

/**
 * Closes a port and opens it again; its connections stay. Deno stops accepting for good when it
 * has run out of descriptors and reports nothing, so this is done on every runtime.
 */
export function listenAgain(server: Server, clock: Clock, wanted: () => boolean): void {
  if (!server.listening) return;
  const { port, address } = server.address() as AddressInfo;
  const listen = (): void => {
    if (wanted()) server.listen(port, address);
  };
  const retry = (): void => void clock.after(limits.descriptorsTickMs, listen);
  server.on("error", retry);
  server.once("listening", () => server.removeListener("error", retry));
  server.close();
  // The runtime releases the port in a later turn of the event loop.
  clock.endOfTurn(listen);
}

/**
 * Opens all ports again after a burst of streams on one port that may have used up the
 * descriptors. A client that waits to be accepted at that moment is cut, so it is not done if
 * there were enough descriptors.
 */
export function listenAgainAfterBursts(
  server: Server,
  clock: Clock,
  { reopen, mayEndDescriptors }: BurstOptions,
): void {
  let streams = 0;
  let burst = false;
  let threatened = false;
  const look = (): void => {
    const now = streams;
    streams = 0;
    if (now > limits.burstStreamsMin) {
      burst = true;
      threatened ||= mayEndDescriptors(now);
    } else if (burst) {
      burst = false;
      if (threatened) reopen();
      threatened = false;
    }
    if (burst) clock.after(limits.descriptorsTickMs, look);
  };
  server.on("connection", () => {
    streams += 1;
    if (streams === 1 && !burst) clock.after(limits.descriptorsTickMs, look);
  });
}
