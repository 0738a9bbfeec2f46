import type { Apps } from "../apps.ts";
import type { Registry } from "../connection/mod.ts";
import type { EventStream } from "../events/mod.ts";
import type { WaitingHandshakes } from "../handshake/mod.ts";
import type { Codec } from "../ports/mod.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";

export interface GaugedParts {
  readonly codec: Codec;
  readonly registry: Registry;
  readonly apps: Apps;
  readonly handshakes: WaitingHandshakes;
}

/** What can be read of a gateway at any time. Names are listed in `docs/operating.md`. */
export function registerGauges(
  metrics: GatewayMetrics,
  { codec, registry, apps, handshakes }: GaugedParts,
): void {
  const sum = (read: (stream: EventStream) => number): (() => number) => {
    return () => {
      let total = 0;
      for (const { router } of apps) {
        for (const stream of router.streams()) total += read(stream);
      }
      return total;
    };
  };
  const gauge = (name: string, help: string, read: () => number): void =>
    metrics.gauge(name, help, read);
  gauge("wss_connections", "Connections now", () => registry.occupied);
  gauge(
    "wss_connections_closing",
    "Of these, closed ones whose TCP stream is not gone yet",
    () => registry.closing,
  );
  gauge("wss_groups", "Groups with members on this node", () => {
    let groups = 0;
    for (const app of apps) groups += app.groups.size;
    return groups;
  });
  gauge("wss_handshakes_waiting", "Handshakes that wait for an origin", () => handshakes.waiting);
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
