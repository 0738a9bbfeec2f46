import { X509Certificate } from "node:crypto";
import type { Authorizer, Metrics } from "../../../core/ports/mod.ts";
import type { ClientServer, ServerTls } from "../../server/mod.ts";

/** What a node tells of its build, its certificate and its keys. */
export interface NodeFacts {
  readonly version: string;
  readonly runtime: string;
  readonly engine: string;
  /** The present one. */
  readonly authorizer: () => Authorizer | undefined;
  /** The present certificate of the client port. */
  readonly tls: () => ServerTls | undefined;
}

export function registerNodeMetrics(metrics: Metrics, facts: NodeFacts): void {
  const { version, runtime, engine, authorizer, tls } = facts;
  const labels = { version, runtime, engine };
  metrics.gauge("wss_build_info", "Version, runtime and engine, as labels", () => 1, labels);
  // A reload may bring a JWKS, or take it away.
  const age = "Time since the JWKS keys were fetched, or since the start";
  metrics.gauge("wss_jwks_age_seconds", age, () => {
    const ms = authorizer()?.keysAgeMs;
    return ms === undefined ? undefined : ms / 1_000;
  });
  if (tls() !== undefined) {
    const name = "wss_certificate_expiry_timestamp_seconds";
    const help = "When the certificate of the client port expires, since the epoch";
    metrics.gauge(name, help, () => expiresAt(tls()));
  }
}

/** TCP streams at the client port, where the runtime tells their number. */
export function registerStreams(
  metrics: Metrics,
  server: ClientServer,
  occupied: () => number,
): void {
  if (server.streams === undefined) return;
  metrics.gauge(
    "wss_tcp_connections_before_handshake",
    "TCP connections at the client port without a handshake",
    () => Math.max(0, (server.streams ?? 0) - occupied()),
  );
}

/** Seconds since the epoch. */
function expiresAt(tls: ServerTls | undefined): number {
  return tls === undefined ? 0 : Date.parse(new X509Certificate(tls.cert).validTo) / 1_000;
}
