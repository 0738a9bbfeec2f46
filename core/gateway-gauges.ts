import type { EventStream } from "./event-stream.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { Codec } from "./ports/mod.ts";
import type { Registry } from "./registry.ts";

/** What can be read of a gateway at any time. Names are listed in `docs/operating.md`. */
export function registerGauges(
  metrics: GatewayMetrics,
  codec: Codec,
  registry: Registry,
  streams: () => Iterable<EventStream>,
): void {
  const sum = (read: (stream: EventStream) => number): (() => number) => {
    return () => {
      let total = 0;
      for (const stream of streams()) total += read(stream);
      return total;
    };
  };
  const gauge = (name: string, help: string, read: () => number): void =>
    metrics.gauge(name, help, read);
  gauge("wss_connections", "Connections now", () => registry.size);
  gauge("wss_partial_bytes", "Bytes of unfinished messages", () => codec.partialBytes());
  gauge(
    "wss_event_window_bytes",
    "Bytes of events that are not confirmed",
    sum((stream) => stream.unconfirmedBytes),
  );
  gauge(
    "wss_reading_paused",
    "Connections that are not read now, because the window is full",
    sum((stream) => stream.pausedConnections),
  );
}
