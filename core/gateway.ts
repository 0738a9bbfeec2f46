import { admit, unavailable } from "./admission.ts";
import { assert, type ErrorCode, limits } from "./base/mod.ts";
import { CommandAcks } from "./command-acks.ts";
import { CommandExecutor, type Outcome } from "./command-executor.ts";
import { CloseCause, Connection } from "./connection.ts";
import { ConnectionGuard } from "./connection-guard.ts";
import { newConnectionId } from "./connection-id.ts";
import { drainConnections } from "./drain.ts";
import { EventRouter } from "./event-router.ts";
import { every } from "./every.ts";
import { limitBatches, utf8Exceeds } from "./fit-batch.ts";
import { registerGauges } from "./gateway-gauges.ts";
import { GatewayMetrics } from "./gateway-metrics.ts";
import type { GatewayOptions, GatewayParts, Readiness } from "./gateway-parts.ts";
import { Heartbeat } from "./heartbeat.ts";
import { LogLimiter } from "./log-limiter.ts";
import type {
  Cancel,
  CommandSource,
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRequest,
  Logger,
  Socket,
  SocketHandler,
} from "./ports/mod.ts";
import { Registry } from "./registry.ts";

/** Faults of a client that broke no protocol but said too much. */
const limitCodes: ReadonlySet<ErrorCode> = new Set([
  "message-too-big",
  "message-inflate-ratio",
  "message-fragments",
]);

/** One node: connections on one side, events and commands on the other. No I/O of its own. */
export class Gateway implements SocketHandler<Connection> {
  readonly #parts: GatewayParts;
  readonly #options: GatewayOptions;
  readonly #metrics: GatewayMetrics;
  readonly #logger: Logger;
  readonly #registry: Registry;
  readonly #router: EventRouter;
  readonly #executor: CommandExecutor;
  readonly #heartbeat: Heartbeat;
  readonly #guard: ConnectionGuard;
  #cancelTick: Cancel = () => {};
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
    this.#router = new EventRouter(
      {
        codec: parts.codec,
        channel: parts.channel,
        clock: parts.clock,
        metrics: this.#metrics,
        registry: this.#registry,
        logger: this.#logger,
        close: (connection, cause) =>
          cause === CloseCause.limit
            ? this.#end(connection, cause, 1009, "message-too-big")
            : this.#end(connection, cause, 1013, cause),
      },
      options,
    );
    const acks = new CommandAcks(parts.clock, (sender, items) =>
      this.#router.answers(sender).publishBare(items),
    );
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
          acknowledge: (sender, { stream, count, gap }) =>
            acks.note(sender, stream, { count, gap }),
          confirmed: (source, stream, count, received) =>
            this.#router.acknowledge(source.sender, stream, count, received),
          close: (connection, cause, code, reason) => this.#end(connection, cause, code, reason),
        },
      },
      options.sendQueueBytesMax,
    );
    this.#guard = new ConnectionGuard(
      {
        clock: parts.clock,
        registry: this.#registry,
        metrics: this.#metrics,
        logger: this.#logger,
        end: (connection, cause, code, reason) => this.#end(connection, cause, code, reason),
      },
      options.guard,
    );
    registerGauges(this.#metrics, parts.codec, this.#registry, () => this.#router.streams());
  }

  /** Resolves when bus and channel are connected for the first time. */
  async start(): Promise<void> {
    const commands = (source: CommandSource, payload: Uint8Array): void =>
      this.#executor.execute(source, payload);
    const channel = this.#parts.channel.start({
      commands,
      connected: (connected) => {
        this.#readiness("origin channel not connected", connected);
        if (connected) limitBatches(this.#parts.codec, this.#parts.channel);
        this.#router.connected(connected);
      },
      origin: (_app, name, presence) => this.#router.presence(name, presence),
    });
    const bus = this.#parts.bus.start({
      commands,
      node: () => {},
      connected: (connected) => this.#readiness("cluster bus not connected", connected),
    });
    await Promise.all([channel, bus]);
    this.#heartbeat.start();
    this.#guard.start();
    this.#cancelTick = every(this.#parts.clock, limits.routerTickMs, () => this.#router.tick());
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
    await Promise.race([this.#router.settled(), this.#wait(limits.shutdownFlushMs)]);
    this.#heartbeat.stop();
    this.#guard.stop();
    this.#cancelTick();
    this.#router.stop();
    await Promise.all([this.#parts.channel.stop(), this.#parts.bus.stop()]);
  }

  handshake(request: HandshakeRequest): HandshakeAnswer {
    const answer = admit(request, this.#options);
    if (!answer.accepted) {
      if (answer.statusCode >= 400) this.refused(answer.errorCode ?? "handshake-refused");
      return answer;
    }
    if (this.#reasons.has("draining")) return unavailable("this node is being shut down", 1);
    if (this.#registry.size >= this.#options.connectionsMax) {
      this.refused("connections-full");
      return unavailable("connections-full: this node holds as many as it may", 5);
    }
    if (this.#guard.refuses(answer.info.ip)) {
      this.refused("connections-per-ip");
      return unavailable("connections-per-ip: this address has as many as it may", 5);
    }
    const { refusal } = this.#router;
    if (refusal !== undefined) {
      this.refused(refusal);
      return unavailable(`${refusal}: events wait for an origin or the broker`, 5);
    }
    return answer;
  }

  /** A handshake was refused, here or by the runtime, where it was no request yet. */
  refused(code: ErrorCode): void {
    this.#metrics.error(code);
    this.#logger.log("debug", "handshake-refused", "a handshake was refused", { code });
  }

  open(socket: Socket, admission: HandshakeAdmission): Connection {
    const { codec, clock, random } = this.#parts;
    const slot = this.#registry.reserve();
    assert(slot >= 0, "the handshake admits far fewer connections than there are slots");
    const id = newConnectionId(this.#options.node, slot, random);
    const stream = this.#router.assign(id, slot);
    const at = clock.now();
    const connection = new Connection(slot, id, stream, socket, at);
    codec.bind(slot, id, stream.lane);
    this.#registry.set(connection);
    this.#metrics.opened.add(1);
    stream.append(["open", id, 0, { ...admission.info, at }]);
    connection.lastItem = stream.next;
    this.#guard.opened(connection, admission.info.ip);
    return connection;
  }

  text(connection: Connection, data: string): void {
    const { codec } = this.#parts;
    if (utf8Exceeds(data, codec.messageBytesMax)) this.#tooBig(connection);
    if (connection.closing !== undefined) return;
    const { stream, slot } = connection;
    if (!codec.text(slot, data)) {
      stream.laneFull();
      codec.text(slot, data);
    }
    this.batched(connection, 1, codec.textBytes());
  }

  binary(connection: Connection, data: Uint8Array): void {
    const { codec } = this.#parts;
    if (data.byteLength > codec.messageBytesMax) this.#tooBig(connection);
    if (connection.closing !== undefined) return;
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
    connection.lastItem = stream.next;
    stream.written();
    this.#guard.spoke(connection, messages, bytes);
    if (stream.windowFull) stream.hold(connection);
  }

  laneFull(connection: Connection): void {
    connection.stream.laneFull();
  }

  fault(connection: Connection, code: ErrorCode): void {
    connection.closing ??= limitCodes.has(code) ? CloseCause.limit : CloseCause.error;
    this.#metrics.error(code);
    this.#logger.log("debug", "client-fault", "a client broke the protocol", {
      code,
      connection: connection.id,
    });
  }

  pong(connection: Connection): void {
    this.#guard.alive(connection);
  }

  drained(_connection: Connection): void {}

  close(connection: Connection, closeCode: number, closeReason: string): void {
    const { codec } = this.#parts;
    const { slot, stream, id } = connection;
    const cause = connection.closing ?? CloseCause.client;
    connection.closing = cause;
    stream.append(["close", id, codec.takeSeq(slot), closeCode, closeReason, cause]);
    stream.forget(connection);
    codec.unbind(slot);
    this.#guard.closed(connection);
    this.#registry.release(slot);
    this.#metrics.closed(cause);
  }

  /** The runtime's own server took it, and no packet of the broker would. */
  #tooBig(connection: Connection): void {
    if (connection.closing === undefined) this.#metrics.error("message-too-big");
    this.#end(connection, CloseCause.limit, 1009, "message-too-big");
  }

  /** Starts to close a connection; its `close` event follows when the socket is gone. */
  #end(connection: Connection, cause: CloseCause, closeCode: number, reason: string): void {
    if (connection.closing !== undefined) return;
    connection.closing = cause;
    connection.socket.flush();
    connection.socket.close(closeCode, reason);
  }

  #reply(source: CommandSource, ref: unknown, outcomes: Readonly<Record<string, Outcome>>): void {
    this.#router.answers(source.sender).append(["reply", ref, outcomes]);
  }

  #readiness(reason: string, gone: boolean): void {
    if (gone) this.#reasons.delete(reason);
    else this.#reasons.add(reason);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(ms, resolve));
  }
}
