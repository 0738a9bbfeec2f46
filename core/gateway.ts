import type { Apps } from "./apps.ts";
import { type ErrorCode, isLimit, limits } from "./base/mod.ts";
import type { CommandDispatcher } from "./commands/mod.ts";
import {
  CloseCause,
  Connection,
  type ConnectionGuard,
  type ConnectionLog,
  drainConnections,
  every,
  type Registry,
  type TokenExpiries,
  tellUnconfirmed,
} from "./connection/mod.ts";
import { keptInfo, limitBatches, utf8Exceeds } from "./events/mod.ts";
import type { GatewayOptions, GatewayParts, Readiness } from "./gateway-options.ts";
import { userGroup } from "./groups/mod.ts";
import { type HandshakeGate, Reservation, type Reservations } from "./handshake/mod.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type {
  Broadcast,
  Cancel,
  CommandSource,
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRequest,
  Logger,
  Socket,
  SocketHandler,
} from "./ports/mod.ts";
import { busAway, channelAway, type ReadinessWatch } from "./readiness.ts";
import { tellClosed } from "./routing/mod.ts";
import type { GatewayMetrics } from "./telemetry/mod.ts";
import { wireGateway } from "./wire-gateway.ts";

/** One node: connections on one side, events and commands on the other. No I/O of its own. */
export class Gateway implements SocketHandler<Connection> {
  readonly #parts: GatewayParts;
  readonly #metrics: GatewayMetrics;
  readonly #logger: Logger;
  readonly #registry: Registry;
  readonly #apps: Apps;
  readonly #dispatcher: CommandDispatcher;
  readonly #heartbeat: Heartbeat;
  readonly #guard: ConnectionGuard;
  readonly #reservations: Reservations;
  readonly #handshakeGate: HandshakeGate;
  readonly #expiries: TokenExpiries;
  #cancelTick: Cancel = () => {};
  readonly #readiness: ReadinessWatch;
  readonly #log: ConnectionLog;

  constructor(parts: GatewayParts, options: GatewayOptions) {
    const end = this.#end.bind(this);
    const wired = wireGateway(parts, options, end);
    this.#parts = parts;
    this.#metrics = wired.metrics;
    this.#logger = wired.logger;
    this.#registry = wired.registry;
    this.#apps = wired.apps;
    this.#dispatcher = wired.dispatcher;
    this.#heartbeat = wired.heartbeat;
    this.#guard = wired.guard;
    this.#reservations = wired.reservations;
    this.#handshakeGate = wired.handshakeGate;
    this.#expiries = wired.expiries;
    this.#readiness = wired.readiness;
    this.#log = wired.connectionLog;
  }

  /** Resolves when bus and channel are connected for the first time. */
  async start(): Promise<void> {
    const commands = (source: CommandSource, payload: Uint8Array): void =>
      this.#dispatcher.execute(source, payload);
    const channel = this.#parts.channel.start({
      commands,
      connected: (connected) => {
        this.#readiness.link(channelAway, connected);
        if (connected) limitBatches(this.#parts.codec, this.#parts.channel);
        for (const { router } of this.#apps) router.connected(connected);
      },
      origin: (app, name, presence) => this.#apps.find(app)?.router.presence(name, presence),
    });
    const bus = this.#parts.bus.start({
      commands,
      message: (message) => this.#dispatcher.message(message),
      node: () => {},
      refused: (code, topic) => this.#dispatcher.refused(code, topic),
      lost: () => this.#metrics.error("forward-lost"),
      connected: (connected) => this.#readiness.link(busAway, connected),
      barred: (reasons) => {
        this.#readiness.barred = reasons;
      },
    });
    await Promise.all([channel, bus]);
    this.#heartbeat.start();
    this.#guard.start();
    this.#expiries.start();
    this.#cancelTick = every(this.#parts.clock, limits.routerTickMs, () => {
      for (const { router } of this.#apps) router.tick();
    });
  }

  get connections(): number {
    return this.#registry.size;
  }

  /** The runtime's own fan-out, where it has one. */
  useBroadcast(broadcast: Broadcast | undefined): void {
    this.#dispatcher.fanOut.broadcast = broadcast;
  }

  readiness(): Readiness {
    return this.#readiness.read();
  }

  /**
   * Refuses new connections, closes those there are with 1012 over the period, waits until every
   * event is confirmed (bounded by `limits.shutdownFlushMs`), then leaves bus and channel.
   */
  async drain(periodMs: number): Promise<void> {
    this.#readiness.draining = true;
    this.#handshakeGate.close();
    await drainConnections(this.#registry, this.#parts.clock, periodMs, (connection) =>
      this.#end(connection, CloseCause.drain, 1012, "service restart"),
    );
    const settled = Promise.all(Array.from(this.#apps, ({ router }) => router.settled()));
    await Promise.race([settled, this.#wait(limits.shutdownFlushMs)]);
    tellUnconfirmed(this.#apps, this.#metrics, this.#logger);
    this.#heartbeat.stop();
    this.#guard.stop();
    this.#expiries.stop();
    this.#dispatcher.stop();
    this.#cancelTick();
    for (const { router } of this.#apps) router.stop();
    await Promise.all([this.#parts.channel.stop(), this.#parts.bus.stop()]);
  }

  handshake(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer> {
    return this.#handshakeGate.answer(request);
  }

  /** A handshake was refused by the runtime, where it was no request yet. */
  refused(code: ErrorCode): void {
    this.#handshakeGate.noteRefused(code);
  }

  abandon({ reservation }: HandshakeAdmission): void {
    if (reservation instanceof Reservation) this.#reservations.giveBack(reservation);
  }

  open(
    socket: Socket,
    { app: appName, info, reservation: given }: HandshakeAdmission,
  ): Connection {
    const app = this.#apps.get(appName);
    const kept = given instanceof Reservation && this.#reservations.use(given);
    const reservation = kept ? (given as Reservation) : this.#reservations.reserve(app);
    if (!kept) this.#reservations.use(reservation);
    const { slot, id, grant } = reservation;
    const stream = app.router.assign(id, slot);
    const openedAt = this.#parts.clock.now();
    const { user } = grant;
    const connection = new Connection({
      ...{ app, slot, id, stream, socket, openedAt, user },
      address: this.#log.enabled && typeof info.ip === "string" ? info.ip : "",
      info: app.router.mayMove ? keptInfo(info) : "",
    });
    this.#parts.codec.bind(slot, id, stream.buffer);
    this.#registry.set(connection);
    app.connections++;
    this.#metrics.opened.add(1);
    stream.append(["open", id, 0, { ...info, at: openedAt }]);
    connection.lastItem = stream.next;
    this.#log.opened(connection);
    this.#give(connection, reservation);
    this.#guard.opened(connection, info.ip);
    // Its place was given back, so its groups are too: it may try again.
    if (given !== undefined && !kept) {
      this.#end(connection, CloseCause.limit, 1013, "handshake-timeout");
    }
    return connection;
  }

  text(connection: Connection, data: string): void {
    const { codec } = this.#parts;
    if (utf8Exceeds(data, codec.messageBytesMaxOf(connection.slot))) this.#tooBig(connection);
    if (connection.closing !== undefined) return;
    const { stream, slot } = connection;
    if (!codec.text(slot, data)) {
      stream.bufferFull();
      codec.text(slot, data);
    }
    this.batched(connection, 1, codec.textBytes());
  }

  binary(connection: Connection, data: Uint8Array): void {
    const { codec } = this.#parts;
    if (data.byteLength > codec.messageBytesMaxOf(connection.slot)) this.#tooBig(connection);
    if (connection.closing !== undefined) return;
    const { stream, slot } = connection;
    if (!codec.bytes(slot, 2, data)) {
      stream.bufferFull();
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

  bufferFull(connection: Connection): void {
    connection.stream.bufferFull();
  }

  fault(connection: Connection, code: ErrorCode): void {
    connection.closing ??= isLimit(code) ? CloseCause.limit : CloseCause.error;
    this.#metrics.error(code);
    this.#logger.log("debug", "client-fault", "a client broke the protocol", {
      code,
      connection: connection.id,
    });
  }

  pong(connection: Connection, controlFrames: number): void {
    this.#guard.alive(connection, controlFrames);
  }

  closed(connection: Connection, closeCode: number, closeReason: string): void {
    const { codec } = this.#parts;
    const { app, slot } = connection;
    const cause = connection.closing ?? CloseCause.client;
    connection.closing = cause;
    app.groups.forget(connection);
    this.#expiries.forget(connection);
    tellClosed(codec, connection, [closeCode, closeReason, cause]);
    codec.unbind(slot);
    this.#guard.closed(connection);
    this.#registry.closed(connection);
    app.connections--;
    this.#metrics.closed(cause);
    this.#log.closed(connection, closeCode, cause);
  }

  gone(connection: Connection): void {
    this.#guard.gone(connection);
    this.#registry.gone();
  }

  /** What an origin or a token granted. */
  #give(connection: Connection, reservation: Reservation): void {
    const { user, groups = [], state, expiresAt } = reservation.grant;
    const { app, slot } = connection;
    const names = user === undefined ? groups : [userGroup(user), ...groups];
    for (const name of names) app.groups.join(connection, name, () => {});
    this.#reservations.releaseGroups(reservation);
    if (state !== undefined) {
      const { codec } = this.#parts;
      if (!codec.setState(slot, codec.encodeValue(state))) this.#metrics.error("state-too-big");
    }
    if (expiresAt !== undefined) this.#expiries.set(connection, expiresAt);
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
    connection.app.groups.forget(connection);
    connection.socket.flush();
    connection.socket.close(closeCode, reason);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(ms, resolve));
  }
}
