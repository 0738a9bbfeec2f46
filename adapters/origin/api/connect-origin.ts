import { limits } from "../../../core/base/mod.ts";
import { JsonLogger, LogLimiter } from "../../log/mod.ts";
import { openBrokers } from "../../mqtt/brokers/mod.ts";
import { SystemClock, SystemRandom } from "../../system/mod.ts";
import { checkOptions } from "./check-options.ts";
import { Composition } from "./composition.ts";
import { Origin } from "./origin.ts";
import type { OriginOptions } from "./origin-options.ts";

/**
 * Connects an origin. Resolves when it receives events. While the broker cannot be reached it
 * tries again. Rejects with `setting-invalid` (an option), `tls-invalid`, `broker-refused`
 * (credentials or access rules), or the reason of `options.signal`. Log lines go to the standard
 * error as JSON.
 */
export async function connectOrigin<State = unknown, User extends string = string>(
  options: OriginOptions,
): Promise<Origin<State, User>> {
  checkOptions(options);
  const { broker, root, version, streamQos, dataLane, tls, signal } = options;
  signal?.throwIfAborted();
  const clock = new SystemClock();
  const lines = new JsonLogger({
    level: "info",
    now: Date.now,
    write: (line) => console.error(line.trimEnd()),
  });
  const logger = new LogLimiter(lines, clock, limits.logLinesPerSecondMax);
  const ports = { clock, random: new SystemRandom(), logger };
  const urls = typeof broker === "string" ? broker : broker.join(",");
  const bus = openBrokers({ urls, root, version, streamQos, dataLane, tls }, ports);
  const origin = new Origin<State, User>(new Composition(options, bus));
  const end = (): void => void origin.close();
  signal?.addEventListener("abort", end, { once: true });
  try {
    await origin.start();
  } catch (error) {
    signal?.removeEventListener("abort", end);
    signal?.throwIfAborted();
    throw error;
  }
  return origin;
}
