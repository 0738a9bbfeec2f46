import { type AdmissionOptions, admit, unavailable } from "./admission.ts";
import { assert, type ErrorCode, limits } from "./base/mod.ts";
import { CommandExecutor, type Outcome } from "./command-executor.ts";
import { CloseCause, Connection } from "./connection.ts";
import { newConnectionId } from "./connection-id.ts";
import { drainConnections } from "./drain.ts";
import { EventStream } from "./event-stream.ts";
import { registerGauges } from "./gateway-gauges.ts";
import { GatewayMetrics } from "./gateway-metrics.ts";
import { Heartbeat } from "./heartbeat.ts";
import { LogLimiter } from "./log-limiter.ts";
import type {
  Clock,
  ClusterBus,
  Codec,
  CommandSource,
  Deflate,
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRequest,
  Logger,
  Metrics,
  OriginChannel,
  Random,
  Socket,
  SocketHandler,
} from "./ports/mod.ts";
import { Registry } from "./registry.ts";

/** Everything the gateway works with. */
export interface GatewayParts {
  readonly codec: Codec;
  readonly bus: ClusterBus;
  readonly channel: OriginChannel;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Needed where `compression` is on. */
  readonly deflate?: Deflate | undefined;
}

export interface GatewayOptions extends AdmissionOptions {
  readonly node: string;
  /** New at each start of the process. */
  readonly incarnation: string;
  readonly runtime: string;
  readonly version: string;
  readonly partitions: number;
  readonly json: boolean;
  readonly connectionsMax: number;
  readonly sendQueueBytesMax: number;
  readonly eventWindowBytesMax: number;
  readonly keepAliveIntervalMs: number;
  readonly presenceIntervalMs: number;
}

/** Whether the service can be used now, and if not, why not. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** One node: connections on one side, events and commands on the other. No I/O of its own. */
export class Gateway implements SocketHandler<Connection> {
  readonly #parts: GatewayParts;
  readonly #options: GatewayOptions;
  readonly #metrics: GatewayMetrics;
  readonly #logger: Logger;
  readonly #registry: Registry;
  readonly #streams: EventStream[] = [];
  readonly #executor: CommandExecutor;
  readonly #heartbeat: Heartbeat;
  readonly #reasons = new Set<string>([
    "cluster bus not connected",
    "origin channel not connected",
  ]);

  constructor(parts: GatewayParts, options: GatewayOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#metrics = new GatewayMetrics(parts.metrics);
    this.#logger = new LogLimiter(parts.logger, parts.clock, limits.logLinesPerSecondMax);
    this.#registry = new Registry(limits.connectionsMax);
    this.#heartbeat = new Heartbeat(parts.bus, parts.clock, this.#registry, options);
    for (let partition = 0; partition < options.partitions; partition++)
      this.#addStream(partition);
    this.#executor = new CommandExecutor(
      {
        codec: parts.codec,
        registry: this.#registry,
        metrics: this.#metrics,
        logger: this.#logger,
        deflate: parts.deflate,
        effects: {
          forward: (app, node, item) =>
            parts.bus.forward(app, node, parts.codec.encodeValue([item])),
          reply: (source, ref, outcomes) => this.#reply(source, ref, outcomes),
          acknowledge: (_source, stream, count) =>
            this.#firstStream().publishBare(["ack", stream, count]),
          close: (connection, cause, code, reason) => this.#end(connection, cause, code, reason),
        },
      },
      options.sendQueueBytesMax,
    );
    registerGauges(this.#metrics, parts.codec, this.#registry, this.#streams);
  }

  /** Resolves when bus and channel are connected for the first time. */
  async start(): Promise<void> {
    const commands = (source: CommandSource, payload: Uint8Array): void =>
      this.#executor.execute(source, payload);
    const channel = this.#parts.channel.start({
      commands,
      connected: (connected) => {
        this.#readiness("origin channel not connected", connected);
        for (const stream of this.#streams) stream.connected(connected);
      },
    });
    const bus = this.#parts.bus.start({
      commands,
      node: () => {},
      connected: (connected) => this.#readiness("cluster bus not connected", connected),
    });
    await Promise.all([channel, bus]);
    this.#heartbeat.start();
  }

  get connections(): number {
    return this.#registry.size;
  }

  readiness(): Readiness {
    return { ready: this.#reasons.size === 0, reasons: [...this.#reasons] };
  }

  /**
   * Refuses new connections, closes those there are with 1012 over the period, waits until every
   * event is confirmed (bounded by `limits.shutdownFlushMs`), then leaves bus and channel.
   */
  async drain(periodMs: number): Promise<void> {
    this.#reasons.add("draining");
    await drainConnections(this.#registry, this.#parts.clock, periodMs, (connection) =>
      this.#end(connection, CloseCause.drain, 1012, "service restart"),
    );
    const settled = Promise.all(this.#streams.map((stream) => stream.settled()));
    await Promise.race([settled, this.#wait(limits.shutdownFlushMs)]);
    this.#heartbeat.stop();
    await Promise.all([this.#parts.channel.stop(), this.#parts.bus.stop()]);
  }

  handshake(request: HandshakeRequest): HandshakeAnswer {
    const answer = admit(request, this.#options);
    if (!answer.accepted) {
      if (answer.statusCode >= 400) this.#metrics.error(answer.errorCode ?? "handshake-refused");
      return answer;
    }
    if (this.#reasons.has("draining")) return unavailable("this node is being shut down", 1);
    if (this.#registry.size >= this.#options.connectionsMax) {
      this.#metrics.error("connections-full");
      return unavailable("connections-full: this node holds as many as it may", 5);
    }
    if (this.#streams.every((stream) => stream.windowFull)) {
      this.#metrics.error("window-full");
      return unavailable("window-full: events wait for the broker", 5);
    }
    return answer;
  }

  open(socket: Socket, admission: HandshakeAdmission): Connection {
    const { codec, clock, random } = this.#parts;
    const slot = this.#registry.reserve();
    assert(slot >= 0, "the handshake admits far fewer connections than there are slots");
    const stream = this.#streams[slot % this.#streams.length] as EventStream;
    const id = newConnectionId(this.#options.node, slot, random);
    const at = clock.now();
    const connection = new Connection(slot, id, stream, socket, at);
    codec.bind(slot, id, stream.lane);
    this.#registry.set(connection);
    this.#metrics.opened.add(1);
    stream.append(["open", id, 0, { ...admission.info, at }]);
    return connection;
  }

  text(connection: Connection, data: string): void {
    if (connection.closing !== undefined) return;
    const { codec } = this.#parts;
    const { stream, slot } = connection;
    if (!codec.text(slot, data)) {
      stream.laneFull();
      codec.text(slot, data);
    }
    this.batched(connection, 1, data.length);
  }

  binary(connection: Connection, data: Uint8Array): void {
    if (connection.closing !== undefined) return;
    const { codec } = this.#parts;
    const { stream, slot } = connection;
    if (!codec.bytes(slot, 2, data)) {
      stream.laneFull();
      codec.bytes(slot, 2, data);
    }
    this.batched(connection, 1, data.byteLength);
  }

  batched(connection: Connection, messages: number, bytes: number): void {
    this.#metrics.messagesIn.add(messages);
    this.#metrics.bytesIn.add(bytes);
    const { stream } = connection;
    stream.written();
    if (stream.windowFull) stream.hold(connection);
  }

  laneFull(connection: Connection): void {
    connection.stream.laneFull();
  }

  fault(connection: Connection, code: ErrorCode): void {
    connection.closing ??= code === "message-too-big" ? CloseCause.limit : CloseCause.error;
    this.#metrics.error(code);
    this.#logger.log("debug", "client-fault", "a client broke the protocol", {
      code,
      connection: connection.id,
    });
  }

  pong(_connection: Connection): void {}

  drained(_connection: Connection): void {}

  close(connection: Connection, closeCode: number, closeReason: string): void {
    const { codec } = this.#parts;
    const { slot, stream, id } = connection;
    const cause = connection.closing ?? CloseCause.client;
    connection.closing = cause;
    stream.append(["close", id, codec.takeSeq(slot), closeCode, closeReason, cause]);
    stream.forget(connection);
    codec.unbind(slot);
    this.#registry.release(slot);
    this.#metrics.closed(cause);
  }

  /** Starts to close a connection; its `close` event follows when the socket is gone. */
  #end(connection: Connection, cause: CloseCause, closeCode: number, reason: string): void {
    if (connection.closing !== undefined) return;
    connection.closing = cause;
    connection.socket.flush();
    connection.socket.close(closeCode, reason);
  }

  #reply(_source: CommandSource, ref: unknown, outcomes: Readonly<Record<string, Outcome>>): void {
    this.#firstStream().append(["reply", ref, outcomes]);
  }

  #firstStream(): EventStream {
    return this.#streams[0] as EventStream;
  }

  #addStream(partition: number): void {
    const { app, node, incarnation, eventWindowBytesMax, json } = this.#options;
    const { codec, channel, clock } = this.#parts;
    this.#streams.push(
      new EventStream(
        { codec, channel, clock, metrics: this.#metrics },
        {
          stream: `${node}:${incarnation}:${partition}`,
          destination: { app, partition },
          windowBytesMax: eventWindowBytesMax,
          windowItemsMax: Number.POSITIVE_INFINITY,
          json,
          overload: (connection) => {
            this.#metrics.error("window-full");
            this.#end(connection, CloseCause.overload, 1013, "overload");
          },
        },
      ),
    );
  }

  #readiness(reason: string, gone: boolean): void {
    if (gone) this.#reasons.delete(reason);
    else this.#reasons.add(reason);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(ms, resolve));
  }
}
