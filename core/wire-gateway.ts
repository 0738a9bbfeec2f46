import { Apps } from "./apps.ts";
import { limits } from "./base/mod.ts";
import { CommandDispatcher } from "./commands/mod.ts";
import {
  CloseCause,
  type Connection,
  ConnectionGuard,
  ConnectionLog,
  Registry,
  TokenExpiries,
} from "./connection/mod.ts";
import { createApp } from "./create-app.ts";
import type { GatewayOptions, GatewayParts } from "./gateway-options.ts";
import { HandshakeGate, Reservations, Routes, WaitingHandshakes } from "./handshake/mod.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { Logger } from "./ports/mod.ts";
import { ReadinessWatch } from "./readiness.ts";
import { GatewayMetrics, registerGauges } from "./telemetry/mod.ts";

/** What a gateway is made of, besides what it was given. */
export interface WiredGateway {
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly apps: Apps;
  readonly dispatcher: CommandDispatcher;
  readonly heartbeat: Heartbeat;
  readonly guard: ConnectionGuard;
  readonly reservations: Reservations;
  readonly handshakeGate: HandshakeGate;
  readonly expiries: TokenExpiries;
  readonly readiness: ReadinessWatch;
  readonly connectionLog: ConnectionLog;
}

/** Starts to close a connection. */
type End = (connection: Connection, cause: CloseCause, closeCode: number, reason: string) => void;

/** Makes the parts of a gateway and gives each what it needs of the others. */
export function wireGateway(parts: GatewayParts, options: GatewayOptions, end: End): WiredGateway {
  const { clock, codec, bus, channel, random, authorizer, logger } = parts;
  const { authorizeTimeoutMs, node } = options;
  const metrics = new GatewayMetrics(parts.metrics);
  const registry = new Registry(limits.connectionsMax);
  const shared = { clock, codec, bus, channel, registry, metrics, logger };
  const handshakes = new WaitingHandshakes(clock, authorizeTimeoutMs);
  const routes = new Routes(options.routes, options.app);
  const apps = new Apps(routes.apps, (app, number) =>
    createApp(
      {
        ...shared,
        close: (connection, cause) =>
          cause === CloseCause.limit
            ? end(connection, cause, 1009, "message-too-big")
            : end(connection, cause, 1013, cause),
        unheard: (stream, items) => handshakes.unheard(stream, items),
      },
      { ...options, app, appNumber: routes.apps.length === 1 ? undefined : number },
    ),
  );
  const expiries = new TokenExpiries(clock, (connection) => {
    if (connection.closing !== undefined) return;
    metrics.error("token-expired");
    end(connection, CloseCause.limit, 4401, "token-expired");
  });
  const dispatcher = new CommandDispatcher(
    {
      ...{ ...shared, node, apps, handshakes, expiries, deflate: parts.deflate },
      effects: {
        forward: (app, to, item) => bus.forward(app, to, codec.encodeValue([item])),
        forwardToGroup: (app, group, item, json) => {
          const batch = batchOf(item);
          bus.forwardToGroup(app, group, json ? codec.toJson(batch) : batch);
        },
        close: end,
      },
    },
    options,
  );
  const heartbeat = new Heartbeat({ apps, bus, clock, registry }, options);
  const guard = new ConnectionGuard({ ...shared, end }, options.guard);
  const reservations = new Reservations({ registry, clock, random, node });
  const handshakeGate = new HandshakeGate(
    { ...shared, apps, routes, reservations, handshakes, guard, authorizer },
    options,
  );
  registerGauges(metrics, { codec, registry, apps, handshakes });
  const made = { metrics, logger, registry, apps, dispatcher, heartbeat };
  const readiness = new ReadinessWatch(clock, apps, {
    authorizedByOrigin: options.authorize === "origin",
    unreadyAfterMs: options.unreadyAfterMs ?? 0,
  });
  const connectionLog = new ConnectionLog(logger, options.logConnections ? "info" : "debug");
  return { ...made, guard, reservations, handshakeGate, expiries, readiness, connectionLog };
}

/** A bare batch of one item, which is MessagePack already. */
function batchOf(item: Uint8Array): Uint8Array {
  const batch = new Uint8Array(1 + item.length);
  batch[0] = 0x91;
  batch.set(item, 1);
  return batch;
}
