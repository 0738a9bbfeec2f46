import { decode, encode } from "@msgpack/msgpack";
import type { ServiceError } from "../../../core/base/mod.ts";
import { Gateway } from "../../../core/mod.ts";
import type {
  Authorization,
  Authorizer,
  Codec,
  CodecOptions,
  EventChannel,
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRefusal,
  HandshakeRequest,
  Tracer,
} from "../../../core/ports/mod.ts";
import { Traces } from "../../../core/telemetry/mod.ts";
import { createReferenceCodec } from "../../reference/mod.ts";
import {
  type ManualClock,
  type MemoryBroadcast,
  type MemoryBroker,
  MemoryCommandBus,
  MemoryEventChannel,
  MemoryLogger,
  MemoryMetrics,
  MemorySocket,
  SeededRandom,
} from "../memory/mod.ts";
import { gatewayOptions, type SaidOptions } from "./gateway-options.ts";

/** An item of a batch as a test reads it. */
export type Item = [verb: string, ...rest: unknown[]];

/** What a test says of a connection. */
export interface Known {
  readonly id: string;
  readonly slot: number;
  readonly expiresAt: number;
}

export function known({ connection }: MemorySocket): Known {
  return connection as unknown as Known;
}

export function idOf(socket: MemorySocket): string {
  return known(socket).id;
}

/** A client's opening handshake, right in itself. */
export function upgradeRequest(
  path: string,
  headers: Readonly<Record<string, string>> = {},
): HandshakeRequest {
  const all: Record<string, string> = {
    host: "h",
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  };
  const [plain = "", query = ""] = path.split("?");
  return {
    method: "GET",
    path: plain,
    query,
    remoteAddress: "192.0.2.1",
    header: (name) => all[name],
    headers: () => Object.entries(all),
  };
}

/** Everything that was begun has gone as far as it can without time or a turn. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A cluster bus that also keeps, as `APP/GROUP`, what it was told to join. */
export class WatchedBus extends MemoryCommandBus {
  readonly joined: Set<string> = new Set();

  override joinGroup(app: string, group: string, done: (error?: ServiceError) => void): void {
    const key = `${app}/${group}`;
    this.joined.add(key);
    super.joinGroup(app, group, (error) => {
      if (error !== undefined) this.joined.delete(key);
      done(error);
    });
  }

  override leaveGroup(app: string, group: string): void {
    this.joined.delete(`${app}/${group}`);
    super.leaveGroup(app, group);
  }
}

export interface MemoryNodeParts {
  readonly broker: MemoryBroker;
  readonly clock: ManualClock;
  /** The sockets' own fan-out; none where it is left out. */
  readonly broadcast?: MemoryBroadcast | undefined;
  readonly channel?: (inner: MemoryEventChannel) => EventChannel;
  readonly codec?: (options: CodecOptions) => Codec;
  readonly authorize?: Authorizer["authorize"];
  /** Spans are recorded; so many a second, and 1,000 if that is left out. */
  readonly tracer?: Tracer;
  readonly spansPerSecondMax?: number;
  /** True if it is left out. */
  readonly trustsClients?: boolean;
}

/** One gateway over memory ports. */
export class MemoryNode {
  readonly name: string;
  readonly metrics: MemoryMetrics = new MemoryMetrics();
  readonly logger: MemoryLogger = new MemoryLogger();
  readonly channel: MemoryEventChannel;
  readonly bus: WatchedBus;
  readonly gateway: Gateway;
  readonly #parts: MemoryNodeParts;

  constructor(parts: MemoryNodeParts, options: SaidOptions = {}) {
    const { broker, clock, broadcast, codec = createReferenceCodec, authorize } = parts;
    const { node = "n", app = "default", routes = [] } = options;
    this.#parts = parts;
    this.name = node;
    this.channel = new MemoryEventChannel(broker, node);
    const apps = routes.length === 0 ? [app] : [...new Set(routes.map((route) => route.app))];
    this.bus = new WatchedBus(broker, { apps, node });
    this.gateway = new Gateway(
      {
        clock,
        bus: this.bus,
        metrics: this.metrics,
        logger: this.logger,
        channel: parts.channel?.(this.channel) ?? this.channel,
        random: new SeededRandom(node.length * 31 + node.charCodeAt(0)),
        authorizer: authorize === undefined ? undefined : { authorize },
        traces: this.#traces(),
        codec: codec({
          node,
          messageBytesMax: 10_000,
          fragmentsMax: 100,
          batchBytesTarget: 65_536,
          partialBytesMax: 10_000,
        }),
      },
      gatewayOptions(options),
    );
    this.gateway.useBroadcast(broadcast);
  }

  #traces(): Traces | undefined {
    const { clock, spansPerSecondMax = 1_000, tracer, trustsClients = true } = this.#parts;
    if (tracer === undefined) return undefined;
    const options = { spansPerSecondMax, trustsClients };
    return new Traces({ tracer, clock, metrics: this.metrics }, options);
  }

  /** Spans that were dropped for this reason. */
  droppedSpans(reason: string): number {
    return this.metrics.value("wss_spans_dropped_total", { reason }) ?? -1;
  }

  /** Slots that are taken: by connections, and by handshakes under way. */
  get taken(): number {
    return this.gateway.connections;
  }

  get groups(): number {
    return this.metrics.value("wss_groups") ?? -1;
  }

  get waiting(): number {
    return this.metrics.value("wss_handshakes_waiting") ?? -1;
  }

  errors(code: string): number {
    return this.metrics.value("wss_errors_total", { code }) ?? 0;
  }

  handshake(
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HandshakeAnswer> {
    return Promise.resolve(this.gateway.handshake(upgradeRequest(path, headers)));
  }

  /** The upgrade is done. */
  open(admission: HandshakeAdmission): MemorySocket {
    return new MemorySocket(this.gateway, admission, this.#parts.broadcast);
  }

  /** A connection without a handshake. */
  connect(app = "default"): MemorySocket {
    const answer = { accepted: true, app, deflate: false, info: {} } as const;
    return this.open({ ...answer, subprotocol: undefined });
  }

  /** Carries out commands of a local origin, now. */
  local(items: readonly Item[], app = "default", sender = "local"): void {
    this.bus.local(app, sender, encode(items));
  }
}

/** What a batch says, MessagePack or JSON. */
export function batchValue(batch: Uint8Array): unknown {
  return batch[0] === 0x5b ? JSON.parse(new TextDecoder().decode(batch)) : decode(batch);
}

/** Every event item that nodes publish, in order. */
export function recordEvents(broker: MemoryBroker): [node: string, app: string, ...Item][] {
  const events: [string, string, ...Item][] = [];
  broker.onEvents(({ node, destination, batch }) => {
    const value = batchValue(batch) as [number, string, number, Item[]];
    for (const item of typeof value[0] === "number" ? value[3] : []) {
      events.push([node, destination.app, ...item]);
    }
  });
  return events;
}

/** Data of the messages that a client got, in order. */
export function messagesOf({ delivered }: MemorySocket): (string | Uint8Array)[] {
  return delivered.flatMap((one) => (one.type === "message" ? [one.data] : []));
}

/** Grants what the query says, as JSON: a stand-in for a token. */
export function grantOfQuery({
  request,
}: {
  readonly request: HandshakeRequest;
}): Promise<Authorization | HandshakeRefusal> {
  return Promise.resolve({
    accepted: true,
    grant: JSON.parse(decodeURIComponent(request.query)),
  });
}
