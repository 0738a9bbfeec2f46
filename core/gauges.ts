import type { App } from "./app.ts";
import type { Registry } from "./connection/mod.ts";
import type { WaitingHandshakes } from "./handshake/mod.ts";
import type { FrameParser, Metrics } from "./ports/mod.ts";

/** What gauges are read from. */
export interface Gauged {
  readonly frames: Pick<FrameParser, "partialBytes">;
  readonly registry: Registry;
  readonly apps: readonly App[];
  readonly handshakes: WaitingHandshakes;
}

/** What can be read of a node at any time. `docs/operating/monitoring.md` lists the names. */
export function registerGauges(metrics: Metrics, gauged: Gauged): void {
  const { apps, frames, handshakes, registry } = gauged;
  const sum = (read: (app: App) => number): (() => number) => {
    return () => apps.reduce((total, app) => total + read(app), 0);
  };
  metrics.gauge("wss_connections", "Connections now", () => registry.occupied);
  metrics.gauge(
    "wss_connections_closing",
    "Of these, closed ones whose TCP stream is not gone yet",
    () => registry.closing,
  );
  metrics.gauge(
    "wss_groups",
    "Groups with members on this node",
    sum(({ groups }) => groups.size),
  );
  metrics.gauge(
    "wss_handshakes_waiting",
    "Handshakes that wait for an origin",
    () => handshakes.waiting,
  );
  for (const app of apps) registerApp(metrics, app);
  metrics.gauge("wss_partial_bytes", "Bytes of unfinished messages", () => frames.partialBytes());
  metrics.gauge(
    "wss_event_window_bytes",
    "Bytes of events that are not confirmed",
    sum(({ router }) => router.unconfirmedBytes),
  );
  metrics.gauge(
    "wss_reading_paused",
    "Connections that are not read now, because the window is full",
    sum(({ router }) => router.pausedConnections),
  );
}

/** By app: a node has as many as its routes name. */
function registerApp(metrics: Metrics, { groups, name, registry, router }: App): void {
  const labels = { app: name };
  const gauge = (metric: string, help: string, read: () => number): void =>
    metrics.gauge(metric, help, read, labels);
  gauge("wss_origins", "Live origins that take connections", () => router.origins);
  gauge("wss_app_connections", "Connections of the app", () => registry.size);
  gauge("wss_app_groups", "Groups of the app with members on this node", () => groups.size);
  gauge(
    "wss_app_event_window_bytes",
    "Bytes of the app's events that are not confirmed",
    () => router.unconfirmedBytes,
  );
}
