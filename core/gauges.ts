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
    return () => sumOf(apps, read);
  };
  metrics.gauge("wss_connections", "Connections now", () => registry.occupied);
  metrics.gauge(
    "wss_connections_closing",
    "Of the connections now, closed ones whose TCP stream is not gone yet",
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
  for (const label of new Set(apps.map((app) => app.label))) {
    const labelled = apps.filter((app) => app.label === label);
    registerApps(metrics, label, labelled);
  }
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

/** By app: a node has as many as its routes name, and the last ones share a label. */
function registerApps(metrics: Metrics, label: string, apps: readonly App[]): void {
  const gauge = (name: string, help: string, read: (app: App) => number): void =>
    metrics.gauge(name, help, () => sumOf(apps, read), { app: label });
  gauge("wss_origins", "Live origins that take connections", ({ router }) => router.origins);
  gauge("wss_app_connections", "Connections of the app", ({ registry }) => registry.size);
  gauge(
    "wss_app_groups",
    "Groups of the app with members on this node",
    ({ groups }) => groups.size,
  );
  gauge(
    "wss_app_event_window_bytes",
    "Bytes of the app's events that are not confirmed",
    ({ router }) => router.unconfirmedBytes,
  );
}

function sumOf(apps: readonly App[], read: (app: App) => number): number {
  return apps.reduce((total, app) => total + read(app), 0);
}
