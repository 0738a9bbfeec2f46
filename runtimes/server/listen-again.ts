import type { AddressInfo, Server } from "node:net";
import { limits } from "../../core/base/mod.ts";
import type { Clock } from "../../core/ports/mod.ts";

export interface BurstQuestions {
  /** Opens every port again: any of them may have stopped accepting meanwhile. */
  readonly reopen: () => void;
  /** Whether so many streams in one tick may have taken every descriptor. */
  readonly mayEndDescriptors: (streams: number) => boolean;
}

/**
 * Closes a port and opens it again; its connections stay. Out of descriptors Deno stops accepting
 * for good and tells nobody, so no runtime is trusted to go on by itself.
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
  // The runtime lets go of the port in a later turn.
  clock.endOfTurn(listen);
}

/**
 * Opens all ports again after a burst of streams at one that may have taken every descriptor
 * unseen. Whoever waits to be accepted in that moment is cut, so this is not done where there
 * were plenty.
 */
export function listenAgainAfterBursts(
  server: Server,
  clock: Clock,
  { reopen, mayEndDescriptors }: BurstQuestions,
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
