import type { Server } from "node:net";
import type { AdminMember, BrokerView } from "../../adapters/admin/mod.ts";
import type { HttpServer } from "../../adapters/http/mod.ts";
import { InProcessBus } from "../../adapters/in-process/mod.ts";
import { type MetricFamily, PrometheusMetrics } from "../../adapters/metrics/mod.ts";
import {
  brokerName,
  brokerUrls,
  openBrokers,
  redactUrls,
} from "../../adapters/mqtt/brokers/mod.ts";
import { EventLoopLag, SystemClock, SystemRandom } from "../../adapters/system/mod.ts";
import type { BusPorts } from "../../adapters/topics/mod.ts";
import { errorCounter, limits, randomName } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import { ReusableMessage } from "../../core/groups/mod.ts";
import type { NodeInspector } from "../../core/inspect/mod.ts";
import { Gateway } from "../../core/mod.ts";
import type {
  Authorizer,
  Clock,
  Codec,
  Deflate,
  Random,
  SocketHandler,
} from "../../core/ports/mod.ts";
import { type NewMessage, withSubprotocols } from "../../core/websocket/mod.ts";
import { createWasmCodec } from "../../wasm/codec/mod.ts";
import {
  type ClientServer,
  createZlibDeflate,
  DescriptorWatch,
  listenAgain,
  listenAgainAfterBursts,
  type ServerTls,
} from "../server/mod.ts";
import { BrokerBook, LinkActions, openAdminPort, totalsOf } from "./admin/mod.ts";
import { type NodeBus, nodeBus } from "./broker-bus.ts";
import { waitForBroker } from "./broker-wait.ts";
import { Cluster } from "./cluster.ts";
import {
  appsOf,
  fragmentsMaxOf,
  gatewayOptions,
  type NodeIdentity,
  rangesOf,
} from "./gateway-options.ts";
import { HttpOrigins } from "./http-origins.ts";
import {
  CodecHealth,
  registerNodeMetrics,
  registerProcessMetrics,
  registerStreams,
  stallOf,
} from "./monitoring/mod.ts";
import { NodeBroker } from "./node-broker.ts";
import { type Engine, engineOf } from "./platform.ts";
import type { ServiceDependencies } from "./service-dependencies.ts";
import { ServicePort } from "./service-port.ts";
import { openTracing, type Tracing } from "./tracing.ts";
import { version } from "./version.ts";

/** A running gateway process: the composition of core, adapters and a runtime's server. */
export class Service {
  /** Some of them change while it runs: `reload`. */
  settings: Settings;
  readonly #given: ServiceDependencies;
  readonly #clock: Clock;
  readonly #random: Random = new SystemRandom();
  readonly #metrics: PrometheusMetrics = new PrometheusMetrics();
  readonly #deflate: Deflate = createZlibDeflate();
  readonly #engine: Engine;
  readonly node: string;
  readonly #incarnation: string = randomName(this.#random, 12);
  #cluster: Cluster | undefined;
  #servicePort: ServicePort | undefined;
  readonly #broker: NodeBroker;
  #stopping = false;
  #gateway!: Gateway;
  #nodeBus: NodeBus | undefined;
  #httpOrigins: HttpOrigins | undefined;
  #clientServer: ClientServer | undefined;
  #descriptors: DescriptorWatch | undefined;
  #admin: HttpServer | undefined;
  #adminActions: LinkActions | undefined;
  readonly #brokerBook: BrokerBook = new BrokerBook();
  readonly #health: CodecHealth = new CodecHealth();
  #descriptorsShort = false;
  readonly #lag: EventLoopLag;
  #tracing: Tracing | undefined;
  #tls: ServerTls | undefined;
  #authorizer: Authorizer | undefined;

  constructor(settings: Settings, given: ServiceDependencies) {
    this.settings = settings;
    this.#given = given;
    this.#clock = new SystemClock(given.platform.turnsOfBurst);
    this.#lag = new EventLoopLag(this.#clock);
    this.#engine = engineOf(given.platform, settings.engine);
    this.#broker = new NodeBroker(settings, given);
    this.node = settings["node-name"] || `n${randomName(this.#random, 8)}`;
    this.#tls = given.serverTls;
    this.#authorizer = given.authorizer;
    registerProcessMetrics(this.#metrics, this.#lag);
    registerNodeMetrics(this.#metrics, {
      version,
      runtime: given.platform.name,
      engine: this.#engine,
      authorizer: () => this.#authorizer,
      tls: () => this.#tls,
    });
  }

  /** The broker's URL, or several, passwords included: for an origin that is started with it. */
  get brokerUrl(): string {
    return this.#broker.url;
  }

  get port(): number {
    return this.#clientServer?.port ?? 0;
  }

  get adminPort(): number {
    return this.#admin?.port ?? 0;
  }

  /**
   * Opens every port and connects to the broker. Where the broker cannot be reached, the node
   * starts not ready and goes on trying. Rejects if the broker refuses this node.
   */
  async start(): Promise<void> {
    this.#lag.start();
    const ports = { clock: this.#clock, metrics: this.#metrics };
    this.#tracing = await openTracing(this.#given, this, ports);
    await this.#broker.start();
    const codec = this.#codec();
    const bus = this.#newBus();
    this.#gateway = this.#composeGateway(codec, bus);
    const { isWorker = false } = this.#given;
    if (!isWorker) {
      await this.#openAdminPort(bus);
    }
    // The link logs that the broker is unreachable, and later that it is connected.
    await waitForBroker(this.#gateway.start(), this.#clock, (error) => {
      if (!this.#stopping) this.#given.failed?.(error);
    });
    await this.#startHttpOrigins(bus);
    // The peers may send commands from now on.
    await this.#cluster?.start();
    await this.#startServicePort(bus);
    await this.#openClientServer(codec);
    if (!isWorker) this.#logStarted();
  }

  /** Why this node should get no new connections; empty while it is ready. */
  get notReady(): readonly string[] {
    if (this.#gateway === undefined) return ["starting"];
    const { reasons } = this.#gateway.readiness();
    return this.#streamsFull ? [...reasons, "no file descriptor for a further client"] : reasons;
  }

  /** Why this process should be started again; empty while it is healthy. */
  get unhealthy(): readonly string[] {
    return [...stallOf(this.#lag), ...this.#health.reasons];
  }

  get metrics(): MetricFamily[] {
    return this.#metrics.families();
  }

  /** Answers an operator's questions about this node. */
  get inspector(): NodeInspector {
    return this.#gateway.inspector;
  }

  get brokers(): BrokerView[] {
    return this.#brokerBook.views(this.node);
  }

  /** Closes every connection over the drain period. New handshakes get 503. */
  async drain(): Promise<void> {
    this.#stopping = true;
    this.#nodeBus?.divert();
    await this.#gateway?.drain(this.settings["drain-period"]);
  }

  /** Closes every port and the embedded broker; drains first if that was not done. */
  async stop(): Promise<void> {
    if (!this.#stopping) await this.drain();
    // It confirms events until here, and must leave before the broker does.
    await this.#httpOrigins?.stop();
    await this.#servicePort?.stop();
    await this.#adminActions?.stop();
    await this.#cluster?.stop();
    this.#descriptors?.stop();
    await this.#clientServer?.stop();
    await this.#admin?.close();
    await this.#broker.close();
    await this.#tracing?.stop();
    this.#lag.stop();
  }

  /** Uses another certificate for new clients; not `taken` if this engine cannot. */
  async reloadTls(tls: ServerTls): Promise<{ readonly taken: boolean; readonly isSame: boolean }> {
    const isSame = tls.cert === this.#tls?.cert && tls.key === this.#tls.key;
    const taken = (await this.#clientServer?.reloadTls(tls)) ?? false;
    if (taken) this.#tls = tls;
    return { taken, isSame };
  }

  /**
   * Uses other limits and allowed origins, and another authorizer if one is given. What else the
   * settings say must be as before.
   */
  reload(settings: Settings, authorizer: Authorizer | undefined): void {
    this.settings = settings;
    this.#authorizer = authorizer ?? this.#authorizer;
    this.#gateway?.reload(gatewayOptions(settings, this.#nodeIdentity), authorizer);
  }

  /** With `--origin`: events go to its URLs. */
  async #startHttpOrigins(bus: BusPorts): Promise<void> {
    if (this.settings.origin.length === 0) return;
    const failed = (error: Error): void => this.#given.failed?.(error);
    const ports = { ...bus, metrics: this.#metrics, failed };
    // Not the node's name: the node treats group commands sent under its own name as its own
    // forwards.
    const name = this.settings["origin-name"] || `h${randomName(this.#random, 8)}`;
    this.#httpOrigins = new HttpOrigins(this.settings, name, ports);
    await this.#httpOrigins.start();
  }

  async #startServicePort(bus: BusPorts): Promise<void> {
    const { settings, node } = this;
    if (settings["service-port"] === undefined) return;
    const { accessKeys } = this.#given;
    const ports = { ...bus, metrics: this.#metrics };
    this.#servicePort = new ServicePort({ settings, node, accessKeys }, ports);
    await this.#servicePort.start();
  }

  async #openAdminPort(bus: BusPorts): Promise<void> {
    const { settings, node } = this;
    const actions = new LinkActions(
      {
        apps: appsOf(settings),
        node,
        isNode: true,
        root: settings["topic-root"],
        lost: () => errorCounter(this.#metrics, "forward-lost").add(1),
      },
      bus,
    );
    const { inspector } = this;
    const member: AdminMember = {
      node,
      ask: (question) => inspector.answer(question),
      tail: (filter, receive) => inspector.tail(filter, receive),
    };
    this.#adminActions = actions;
    this.#admin = await openAdminPort(settings, {
      page: this.#metrics,
      metrics: this.#metrics,
      ready: () => this.notReady,
      unhealthy: () => this.unhealthy,
      reload: this.#given.reload,
      actions,
      clock: this.#clock,
      logger: this.#given.logger,
      source: {
        identity: { ...this.#identity, startedAt: this.#clock.now(), workers: 0 },
        members: () => [member],
        totals: async () => totalsOf(this.#metrics),
        ready: () => this.notReady,
        brokers: () => this.brokers,
        nodes: () => actions.nodes((name) => name === node),
      },
    });
  }

  get #identity(): { node: string; version: string; runtime: string; engine: string } {
    const runtime = this.#given.platform.name;
    return { node: this.node, version, runtime, engine: this.#engine };
  }

  #newBus(): BusPorts {
    const { logger } = this.#given;
    const ports = { clock: this.#clock, random: this.#random, logger, metrics: this.#metrics };
    if (this.settings.broker !== "none") {
      return openBrokers(this.#broker.access, ports, this.#brokerBook.opened);
    }
    const { open } = new InProcessBus();
    if (this.settings.cluster === "mqtt") return { ...ports, openLink: open };
    const identity = { node: this.node, incarnation: this.#incarnation };
    const openLocal = open;
    const { clusterCa } = this.#given;
    this.#cluster = new Cluster(
      { settings: this.settings, ...identity, ca: clusterCa },
      { ...ports, openLocal },
    );
    return { ...ports, openLink: this.#cluster.openLink };
  }

  /** The name of the one broker; undefined without one, or with several. */
  get #brokerName(): string | undefined {
    if (this.settings.broker === "none") return undefined;
    const [url = "", ...others] = brokerUrls(this.#broker.url);
    return others.length === 0 ? brokerName(url) : undefined;
  }

  #codec(): Codec {
    const codec = createWasmCodec({
      node: this.node,
      messageBytesMax: this.settings["max-message-size"],
      fragmentsMax: fragmentsMaxOf(this.settings),
      batchBytesTarget: limits.batchBytesTarget,
      partialBytesMax: limits.partialBytesMax,
    });
    const help = "Bytes of the WASM module's heap, in use or free";
    this.#metrics.gauge("wss_wasm_heap_bytes", help, codec.heapBytes);
    return codec;
  }

  #composeGateway(codec: Codec, bus: BusPorts): Gateway {
    const { settings } = this;
    const options = {
      root: settings["topic-root"],
      apps: appsOf(settings),
      node: this.node,
      broker: this.#brokerName,
    };
    this.#nodeBus = nodeBus(options, { ...bus, metrics: this.#metrics });
    return new Gateway(
      {
        clock: this.#clock,
        random: this.#random,
        logger: this.#given.logger,
        codec,
        metrics: this.#metrics,
        bus: this.#nodeBus.bus,
        channel: this.#nodeBus.channel,
        deflate: this.#deflate,
        authorizer: this.#given.authorizer,
        traces: this.#tracing?.traces,
      },
      gatewayOptions(settings, this.#nodeIdentity),
    );
  }

  get #nodeIdentity(): NodeIdentity {
    const { pages, platform, subprotocols = [] } = this.#given;
    return {
      subprotocols: subprotocols.map(({ name }) => name),
      node: this.node,
      incarnation: this.#incarnation,
      runtime: platform.name,
      pages,
    };
  }

  /** After a shortage of descriptors all ports are opened again: they may accept no more. */
  #shortage(short: boolean): void {
    this.#descriptorsShort = short;
    this.#clientServer?.shortage(short);
    if (short) return;
    for (const server of this.#otherPorts) {
      listenAgain(server, this.#clock, () => !this.#stopping);
    }
  }

  /** New TCP streams are cut, or not accepted. */
  get #streamsFull(): boolean {
    const { streams = 0 } = this.#clientServer ?? {};
    const max = this.#descriptors?.streamsMax ?? Number.POSITIVE_INFINITY;
    return this.#descriptorsShort || streams >= max;
  }

  get #otherPorts(): Server[] {
    const others = [this.#admin, this.#broker, this.#cluster, this.#servicePort];
    return others.map((one) => one?.server).filter((server) => server !== undefined);
  }

  /** Puts the subprotocols before the gateway, each for the connections that chose it. */
  #withSubprotocols(gateway: Gateway): SocketHandler {
    const message = new ReusableMessage(this.#deflate);
    const newMessage: NewMessage = (data) => message.setData(data);
    return withSubprotocols(gateway, this.#given.subprotocols ?? [], { newMessage });
  }

  async #openClientServer(codec: Codec): Promise<void> {
    const { settings } = this;
    const watch = new DescriptorWatch(this.#clock, this.#given.logger, {
      refused: (stream) => this.#gateway.refused(stream),
      shortage: (short) => this.#shortage(short),
    });
    watch.compare(settings["max-connections"]);
    for (const server of this.#otherPorts) {
      listenAgainAfterBursts(server, this.#clock, {
        reopen: () => this.#shortage(false),
        mayEndDescriptors: (streams) => watch.mayHaveEnded(streams),
      });
    }
    this.#clientServer = await this.#given.platform.startServer(this.#engine, {
      host: settings.host,
      port: settings.port,
      reusePort: this.#given.isWorker,
      tls: this.#given.serverTls,
      proxyProtocol: settings["proxy-protocol"],
      trustedProxies: rangesOf(settings["trusted-proxies"]),
      handler: this.#withSubprotocols(this.#gateway),
      codec,
      clock: this.#clock,
      deflate: settings.compression ? this.#deflate : undefined,
      messageBytesMax: settings["max-message-size"],
      inflateRatioMax: settings["max-inflate-ratio"],
      messageTimeoutMs: settings["message-timeout"],
      headerBytesMax: settings["max-header-size"],
      handshakeTimeoutMs: settings["handshake-timeout"],
      streamsMax: watch.streamsMax,
      handlerFailed: (error) => this.#health.note(error),
      acceptFailed: () => watch.refused("accept-failed"),
      refused: (stream) => {
        if (stream.code === "tcp-streams-full") watch.refused(stream.code, stream.address);
        else this.#gateway.refused(stream);
      },
      deadAfterMs:
        settings["ping-interval"] && settings["ping-interval"] + settings["ping-timeout"],
    });
    registerStreams(this.#metrics, this.#clientServer, () => this.#gateway.occupied);
    this.#gateway.useBroadcast(this.#clientServer.broadcast);
    this.#descriptors = watch;
    watch.start();
  }

  #logStarted(): void {
    const { settings } = this;
    this.#given.logger.log("info", "started", `listening on ${settings.host}:${this.port}`, {
      port: this.port,
      adminPort: this.adminPort,
      brokerPort: this.#broker.port,
      clusterPort: this.#cluster?.port,
      servicePort: this.#servicePort?.port,
      ...this.#identity,
      broker: settings.broker === "none" ? "none" : redactUrls(this.brokerUrl),
      origins: settings.origin.map((url) => new URL(url).host).join(",") || undefined,
      app: settings.app,
    });
  }
}
