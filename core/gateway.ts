import { App, type AppDependencies } from "./app.ts";
import {
  assert,
  CloseCause,
  closeReasons,
  type ErrorCode,
  every,
  isLimit,
  limits,
  userGroup,
  utf8Exceeds,
} from "./base/mod.ts";
import { CommandDispatcher } from "./commands/mod.ts";
import {
  Connection,
  ConnectionGuard,
  ConnectionLog,
  drainConnections,
  Registry,
} from "./connection/mod.ts";
import { AlikeTexts, Heartbeat, keptInfo, limitBatches, openEvent } from "./events/mod.ts";
import type { GatewayOptions, GatewayPorts, ReloadableOptions } from "./gateway-options.ts";
import { registerGauges } from "./gauges.ts";
import {
  AddressHandshakes,
  busAway,
  channelAway,
  HandshakeAuthority,
  HandshakeGate,
  type Readiness,
  ReadinessWatch,
  Reservation,
  Reservations,
  Routes,
  WaitingHandshakes,
} from "./handshake/mod.ts";
import { NodeInspector, TrafficMonitor } from "./inspect/mod.ts";
import {
  type Authorizer,
  type Broadcast,
  type Cancel,
  type HandshakeAdmission,
  type HandshakeAnswer,
  type HandshakeRequest,
  MessageKind,
  type RefusedStream,
  type Socket,
  type SocketHandler,
} from "./ports/mod.ts";
import { type ConnectionTrace, GatewayMetrics, openedTrace } from "./telemetry/mod.ts";

/** One node: connections on one side, events and commands on the other. No I/O of its own. */
export class Gateway implements SocketHandler<Connection> {
  readonly #ports: GatewayPorts;
  readonly #metrics: GatewayMetrics;
  readonly #registry: Registry = new Registry(limits.connectionsMax);
  readonly #apps: ReadonlyMap<string, App>;
  readonly #dispatcher: CommandDispatcher;
  readonly #guard: ConnectionGuard;
  readonly #reservations: Reservations;
  /** What is kept of the requests of connections. */
  readonly #alike: AlikeTexts = new AlikeTexts();
  readonly #handshakeGate: HandshakeGate;
  readonly #heartbeat: Heartbeat;
  readonly #readiness: ReadinessWatch;
  readonly #log: ConnectionLog;
  /** Answers the questions of operators. */
  readonly inspector: NodeInspector;
  readonly #authority: HandshakeAuthority;
  /** What a reload may change is read from this object each time that it is used. */
  readonly #options: GatewayOptions;
  #cancelTick: Cancel = () => {};

  constructor(ports: GatewayPorts, given: GatewayOptions) {
    const options = { ...given };
    const { authorizer, bus, channel, clock, codec, logger, random, traces } = ports;
    const { authorize, node } = options;
    const jwt = authorize === "jwt";
    assert(!jwt || authorizer !== undefined, "--authorize jwt comes with an authorizer");
    const registry = this.#registry;
    const metrics = new GatewayMetrics(ports.metrics);
    const handshakes = new WaitingHandshakes(clock, options.authorizeTimeoutMs);
    const log = new ConnectionLog(metrics, logger, options.logConnections ? "info" : "debug");
    const tap = new TrafficMonitor({ registry, clock, values: codec.values });
    const shared = { ...codec, bus, channel, clock, logger, metrics, registry, tap, traces };
    const routes = new Routes(options.routes, options.app);
    const noSubscribers: AppDependencies["noSubscribers"] = (stream, items) =>
      handshakes.noSubscribers(stream, items);
    const apps = createApps({ ...shared, log, noSubscribers }, routes.apps, options);
    const guard = new ConnectionGuard(clock, registry, metrics, options.guard);
    const reservations = new Reservations(node, registry, clock, random);
    const addresses = new AddressHandshakes(clock, options);
    const deciding = jwt ? { authorizer } : {};
    const authority = new HandshakeAuthority(
      { ...deciding, reservations, handshakes, addresses, metrics, clock, traces },
      options,
    );
    this.#ports = ports;
    this.#options = options;
    this.#authority = authority;
    this.#metrics = metrics;
    this.#apps = apps;
    this.#guard = guard;
    this.#log = log;
    this.#reservations = reservations;
    this.#dispatcher = new CommandDispatcher(
      { ...shared, apps, handshakes, guard, deflate: ports.deflate },
      options,
    );
    this.#handshakeGate = new HandshakeGate(
      { apps, routes, registry, guard, authority, metrics, logger, clock, traces },
      options,
    );
    this.#heartbeat = new Heartbeat(clock, bus, registry, { ...options, apps: routes.apps });
    this.#readiness = new ReadinessWatch(clock, [...apps.values()], {
      authorizedByOrigin: authorize === "origin",
      refusals: () => this.#refusals(handshakes),
      unreadyAfterMs: options.unreadyAfterMs,
    });
    const inspected = { registry, clock, values: codec.values, guard, apps };
    this.inspector = new NodeInspector(
      {
        ...inspected,
        readiness: () => this.readiness(),
        handshakesWaiting: () => handshakes.waiting,
        execute: (source, payload) => this.#dispatcher.execute(source, payload),
      },
      options,
      tap,
    );
    const { frames } = codec;
    registerGauges(ports.metrics, { frames, registry, apps: [...apps.values()], handshakes });
  }

  /** Resolves when bus and channel are connected for the first time. */
  async start(): Promise<void> {
    const channel = this.#ports.channel.start({
      connected: (connected) => {
        this.#readiness.link(channelAway, connected);
        if (connected) limitBatches(this.#ports.codec.events, this.#ports.channel);
        for (const { router } of this.#apps.values()) router.connected(connected);
      },
      origin: (app, name, presence) => this.#apps.get(app)?.router.presence(name, presence),
    });
    const bus = this.#ports.bus.start({
      commands: (source, payload) => this.#dispatcher.execute(source, payload),
      message: (message) => this.#dispatcher.message(message),
      refused: (code, topic) => this.#dispatcher.refused(code, topic),
      lost: () => this.#metrics.error("forward-lost"),
      connected: (connected) => this.#readiness.link(busAway, connected),
      missingRights: (reasons) => {
        this.#readiness.missingRights = reasons;
      },
    });
    await Promise.all([channel, bus]);
    this.#heartbeat.start();
    this.#guard.start();
    this.#cancelTick = every(this.#ports.clock, limits.routerTickMs, () => {
      for (const { router } of this.#apps.values()) router.tick();
    });
  }

  /** Connections, closing ones and handshakes under way: what has a TCP stream. */
  get occupied(): number {
    return this.#registry.occupied;
  }

  get connections(): number {
    return this.#registry.size;
  }

  /** The runtime's own fan-out if it has one. */
  useBroadcast(broadcast: Broadcast | undefined): void {
    this.#dispatcher.fanOut.broadcast = broadcast;
  }

  /** Uses other limits and allowed origins from now on, and another authorizer if one is given. */
  reload(options: ReloadableOptions, authorizer?: Authorizer): void {
    const changed = {
      connectionsMax: options.connectionsMax,
      groupsPerConnectionMax: options.groupsPerConnectionMax,
      handshakesPerIpMax: options.handshakesPerIpMax,
      handshakesPerIpPerSecondMax: options.handshakesPerIpPerSecondMax,
      publishBytesMax: options.publishBytesMax,
      sendQueueBytesMax: options.sendQueueBytesMax,
      allowedOrigins: options.allowedOrigins,
      sameOrigin: options.sameOrigin,
    };
    Object.assign(this.#options, changed);
    this.#guard.limit(options.guard);
    if (authorizer !== undefined) this.#authority.authorizer = authorizer;
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
    await drainConnections(this.#registry, this.#ports.clock, periodMs);
    const settled = Promise.all(Array.from(this.#apps.values(), ({ router }) => router.settled()));
    await Promise.race([settled, this.#wait(limits.shutdownFlushMs)]);
    this.#logUnconfirmed();
    this.#heartbeat.stop();
    this.#guard.stop();
    this.#dispatcher.stop();
    this.#cancelTick();
    for (const { router } of this.#apps.values()) router.stop();
    await Promise.all([this.#ports.channel.stop(), this.#ports.bus.stop()]);
  }

  handshake(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer> {
    return this.#handshakeGate.answer(request);
  }

  /** The runtime refused a handshake before there was a request to answer. */
  refused(stream: RefusedStream): void {
    this.#handshakeGate.noteStream(stream);
  }

  abandon(admission: HandshakeAdmission, code: ErrorCode = "handshake-left"): void {
    const { reservation: given, span } = admission;
    const reservation = given instanceof Reservation ? given : undefined;
    span?.end({}, code);
    this.#log.abandoned(admission, code, reservation);
    if (reservation !== undefined) this.#reservations.giveBack(reservation);
  }

  open(
    socket: Socket,
    { app: appName, info, reservation: given, span }: HandshakeAdmission,
  ): Connection {
    const app = this.#app(appName);
    const reservation = this.#reservations.take(app, given);
    const { slot, id, grant } = reservation;
    // Its reservation has ended, and its groups with it: the client may try again.
    const late = given instanceof Reservation && given !== reservation;
    const stream = app.router.assign(id, slot);
    const openedAt = reservation.askedAt ?? this.#ports.clock.now();
    const logged = this.#log.enabled;
    const connection = new Connection({
      app,
      slot,
      id,
      stream,
      socket,
      openedAt,
      user: late ? given.grant.user : grant.user,
      address: typeof info.ip === "string" ? info.ip : "",
      path: logged && typeof info.path === "string" ? this.#alike.of(info.path) : "",
      info: app.router.mayMove ? keptInfo(info, this.#alike) : "",
      trace: span && openedTrace(span, { "wss.app": appName, "wss.connection.id": id }),
    });
    this.#ports.codec.events.bind(slot, id, stream.buffer);
    this.#registry.set(connection);
    stream.appendOpening(openEvent(id, info, openedAt));
    connection.lastItem = stream.next;
    app.counters.opened.add(1);
    this.#log.opened(connection);
    this.#give(connection, reservation);
    this.#guard.opened(connection);
    if (late) connection.close(closeReasons.handshakeTimeout);
    return connection;
  }

  text(connection: Connection, data: string): void {
    // The runtime's own server accepts messages that fit no packet of the broker.
    if (utf8Exceeds(data, this.#ports.codec.events.messageBytesMaxOf(connection.slot))) {
      connection.close(closeReasons.messageTooBig);
    }
    if (connection.closing !== undefined) return;
    const { trace } = connection;
    if (trace !== undefined && this.#addTraced(connection, trace, data)) return;
    this.batched(connection, 1, connection.stream.writeText(connection.slot, data));
  }

  binary(connection: Connection, data: Uint8Array): void {
    if (data.byteLength > this.#ports.codec.events.messageBytesMaxOf(connection.slot)) {
      connection.close(closeReasons.messageTooBig);
    }
    if (connection.closing !== undefined) return;
    const { trace } = connection;
    if (trace !== undefined && this.#addTraced(connection, trace, data)) return;
    connection.stream.writeBytes(connection.slot, MessageKind.binary, data);
    this.batched(connection, 1, data.byteLength);
  }

  batched(connection: Connection, messages: number, bytes: number): void {
    this.#metrics.messagesIn.add(messages);
    connection.app.counters.messagesIn.add(messages);
    this.#metrics.bytesIn.add(bytes);
    const { stream } = connection;
    connection.lastItem = stream.next;
    stream.written();
    this.#guard.messageReceived(connection, messages, bytes);
    stream.received(connection, messages, bytes);
  }

  inflated({ stream, slot }: Connection, kind: MessageKind, data: Uint8Array): void {
    stream.writeBytes(slot, kind, data);
  }

  bufferFull(connection: Connection): void {
    connection.stream.bufferFull();
  }

  fault(connection: Connection, code: ErrorCode): void {
    const cause = isLimit(code) ? CloseCause.limit : CloseCause.error;
    connection.ends({ cause, errorCode: code });
    this.#log.fault(connection, code);
  }

  pong(connection: Connection, controlFrames: number): void {
    this.#guard.alive(connection, controlFrames);
  }

  closed(connection: Connection, closeCode: number, closeReason: string): void {
    const cause = connection.closing ?? CloseCause.client;
    connection.ends({ cause, errorCode: undefined });
    this.#app(connection.app.name).groups.forget(connection);
    const { id, trace } = connection;
    const ending = { "wss.connection.id": id, "wss.cause": cause };
    const span = trace && this.#ports.traces?.event(trace, "close", ending);
    connection.stream.closed(connection, {
      closeCode,
      closeReason,
      cause,
      by: connection.closedBy,
      span,
    });
    this.#ports.codec.events.unbind(connection.slot);
    this.#guard.closed(connection);
    this.#registry.closed(connection);
    this.#log.closed(connection, closeCode, cause);
  }

  gone(connection: Connection): void {
    this.#guard.gone(connection);
    this.#registry.gone();
  }

  /** Gives the connection what an origin or a token granted. */
  #give(connection: Connection, reservation: Reservation): void {
    const { user, groups = [], state, expiresAt } = reservation.grant;
    const { app } = reservation;
    const names = user === undefined ? groups : [userGroup(user), ...groups];
    for (const name of names) app.groups.join(connection, name, () => {});
    this.#reservations.releaseGroups(reservation);
    if (state !== undefined) {
      const stored = this.#ports.codec.events.setState(
        connection.slot,
        this.#ports.codec.values.encodeValue(state),
      );
      if (!stored) this.#metrics.error("state-too-big");
    }
    if (expiresAt !== undefined) this.#guard.expireAt(connection, expiresAt);
  }

  /** Adds a message with its span to the batch. False: it gets no span, and was not added. */
  #addTraced(connection: Connection, trace: ConnectionTrace, data: string | Uint8Array): boolean {
    const { codec, traces } = this.#ports;
    if (traces === undefined) return false;
    const room = codec.events.messageBytesMaxOf(connection.slot) - limits.messageTraceBytes;
    if (typeof data === "string" ? utf8Exceeds(data, room) : data.length > room) {
      traces.drop("size");
      return false;
    }
    const span = traces.event(trace, "message", { "wss.connection.id": connection.id });
    if (span === undefined) return false;
    this.batched(connection, 1, connection.stream.writeTraced(connection, data, span));
    return true;
  }

  /** Why no handshake is accepted, whatever its app. */
  #refusals(handshakes: WaitingHandshakes): string[] {
    const reasons: (string | undefined)[] = [
      this.#handshakeGate.full,
      handshakes.isFull ? "too many handshakes wait for an origin" : undefined,
      this.#authority.authorizer?.keysMissing === true ? "no keys to verify tokens" : undefined,
    ];
    return reasons.filter((reason) => reason !== undefined);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#ports.clock.after(ms, resolve));
  }

  #app(name: string): App {
    const app = this.#apps.get(name);
    assert(app, "a connection is of an app that is served");
    return app;
  }

  /** Logs and counts events that are lost with this process. */
  #logUnconfirmed(): void {
    let bytes = 0;
    for (const { router } of this.#apps.values()) bytes += router.unconfirmedBytes;
    if (bytes === 0) return;
    const code = "events-unconfirmed";
    this.#metrics.error(code);
    const message = "the node ends with events that no origin acknowledged";
    this.#ports.logger.log("warn", code, message, { code, bytes });
  }
}

function createApps(
  dependencies: AppDependencies,
  names: readonly string[],
  options: GatewayOptions,
): ReadonlyMap<string, App> {
  return new Map(
    names.map((app, number) => {
      const appNumber = names.length === 1 ? undefined : number;
      const own = {
        ...options,
        app,
        appNumber,
        label: number < limits.appsLabelledMax ? app : "_other",
        // It may change while the node runs.
        get groupsPerConnectionMax() {
          return options.groupsPerConnectionMax;
        },
      };
      return [app, new App(dependencies, own)];
    }),
  );
}
