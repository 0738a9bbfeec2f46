import type { HttpServer } from "../../adapters/http/mod.ts";
import { MetricSums, PrometheusMetrics, type SummedPart } from "../../adapters/metrics/mod.ts";
import { openBrokers, redactUrls } from "../../adapters/mqtt/brokers/mod.ts";
import { EventLoopLag, SystemClock, SystemRandom } from "../../adapters/system/mod.ts";
import type { BusPorts } from "../../adapters/topics/mod.ts";
import { errorCounter, every, randomName, ServiceError } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import {
  appsOf,
  BrokerBook,
  engineOf,
  type HeldPort,
  LinkActions,
  NodeBroker,
  type NodeBrokerDependencies,
  openAdminPort,
  type Platform,
  type Reload,
  registerProcessMetrics,
  ServicePort,
  stallOf,
  totalsOf,
  version,
} from "../compose/mod.ts";
import { takePort } from "./take-port.ts";
import { Worker } from "./worker.ts";
import { workerLimits } from "./worker-limits.ts";
import { type WorkerPlace, workerSettings, workersOf } from "./worker-settings.ts";

export interface SupervisorDependencies extends NodeBrokerDependencies {
  readonly platform: Platform;
  /** Secrets by access key: they sign requests to `@connections`. */
  readonly accessKeys: ReadonlyMap<string, string> | undefined;
  /** `POST /admin/reload`. */
  readonly reload?: Reload | undefined;
}

/**
 * The process of `--workers N`. It runs N workers, each a node, on one client port, and replaces
 * those that end. What there is once is here: the embedded broker, the admin port with the sums,
 * the service port.
 */
export class Supervisor {
  #settings: Settings;
  /** The client port that all workers share. */
  #port = 0;
  readonly #given: SupervisorDependencies;
  readonly #node: string;
  readonly #clock: SystemClock = new SystemClock();
  readonly #random: SystemRandom = new SystemRandom();
  readonly #metrics: PrometheusMetrics = new PrometheusMetrics();
  readonly #sums: MetricSums = new MetricSums();
  readonly #own: SummedPart;
  readonly #broker: NodeBroker;
  readonly #lag: EventLoopLag = new EventLoopLag(this.#clock);
  #workers: readonly Worker[] = [];
  #admin: HttpServer | undefined;
  #adminActions: LinkActions | undefined;
  readonly #brokerBook: BrokerBook = new BrokerBook();
  #servicePort: ServicePort | undefined;
  #hasStarted = false;
  #isStopping = false;

  constructor(settings: Settings, given: SupervisorDependencies) {
    this.#settings = settings;
    this.#given = given;
    this.#node = settings["node-name"] || `n${randomName(this.#random, 8)}`;
    this.#broker = new NodeBroker(settings, given);
    this.#own = this.#sums.part({ node: this.#node, worker: "supervisor" });
    const serving = (): number => this.#serving.length;
    this.#metrics.gauge("wss_workers", "Workers that take connections", serving);
    registerProcessMetrics(this.#metrics, this.#lag);
    errorCounter(this.#metrics, "worker-died");
    errorCounter(this.#metrics, "worker-silent");
  }

  /**
   * Opens every port and starts the workers. Rejects if a port is in use, or if a worker
   * ends before it has started.
   */
  async start(): Promise<void> {
    this.#lag.start();
    await this.#broker.start();
    await this.#openAdminPort();
    const held = await this.#choosePort();
    this.#workers = this.#composeWorkers();
    every(this.#clock, workerLimits.reportEveryMs, () => {
      for (const worker of this.#workers) worker.tick();
    });
    await this.#startWorkers().finally(() => held?.release());
    await this.#startServicePort();
    this.#hasStarted = true;
    this.#logStarted(this.#port);
  }

  /**
   * If any port is asked for, it is held until the workers have it, or the first of them opens
   * one: a port that was chosen and left to them might be another program's by then.
   */
  async #choosePort(): Promise<HeldPort | undefined> {
    const settings = this.#settings;
    const { holdPort } = this.#given.platform.workers;
    const held = settings.port === 0 ? holdPort?.(settings.host) : undefined;
    const isLeftToFirst = settings.port === 0 && holdPort === undefined;
    if (!isLeftToFirst) this.#port = held?.port ?? (await takePort(settings));
    return held;
  }

  /** All at once, or the first one before the others if it has to open any port. */
  async #startWorkers(): Promise<void> {
    const [first, ...others] = this.#workers;
    if (this.#port !== 0 || first === undefined) {
      await Promise.all(this.#workers.map((worker) => worker.start()));
      return;
    }
    this.#port = await first.start();
    this.#workers.forEach((each, worker) => {
      each.use(workerSettings(this.#settings, this.#placeOf(worker)));
    });
    await Promise.all(others.map((worker) => worker.start()));
  }

  /** The workers use other settings, and read the files that they name again. */
  reload(settings: Settings): void {
    this.#settings = settings;
    for (const [worker, place] of this.#workers.entries()) {
      place.reload(workerSettings(settings, this.#placeOf(worker)));
    }
  }

  /**
   * Drains every worker, then ends all of them, then what they used. Rejects with `worker-died` if
   * one of them did not end in order.
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    // Origins inside the workers confirm each other's last events, so all of them drain first.
    await Promise.all(this.#workers.map((worker) => worker.drain()));
    const ends = await Promise.all(this.#workers.map((worker) => worker.stop()));
    await this.#servicePort?.stop();
    await this.#adminActions?.stop();
    await this.#admin?.close();
    await this.#broker.close();
    if (ends.every((isClean) => isClean)) return;
    throw new ServiceError("worker-died", "a worker did not end in order");
  }

  /** Ends the workers at once. */
  kill(): void {
    for (const worker of this.#workers) worker.kill();
  }

  get #serving(): readonly Worker[] {
    return this.#workers.filter((worker) => worker.isServing);
  }

  #placeOf(worker: number): WorkerPlace {
    return { worker, node: this.#node, port: this.#port, brokerUrl: this.#broker.url };
  }

  #composeWorkers(): Worker[] {
    const { logger, platform } = this.#given;
    return Array.from({ length: workersOf(this.#settings) }, (_, worker) => {
      const settings = workerSettings(this.#settings, this.#placeOf(worker));
      const labels = { node: settings["node-name"], worker: String(worker) };
      return new Worker(
        { worker, settings, start: () => platform.workers.start() },
        {
          clock: this.#clock,
          logger,
          part: this.#sums.part(labels),
          failed: (code) => errorCounter(this.#metrics, code).add(1),
        },
      );
    });
  }

  async #openAdminPort(): Promise<void> {
    const settings = this.#settings;
    const actions = new LinkActions(
      {
        apps: appsOf(settings),
        node: this.#node,
        isNode: false,
        root: settings["topic-root"],
        lost: () => errorCounter(this.#metrics, "forward-lost").add(1),
      },
      this.#newBus(),
    );
    const ready = (): Promise<readonly string[]> => this.#notReady();
    const isOwn = (node: string): boolean => {
      return this.#workers.some(({ member }) => member.node === node);
    };
    this.#adminActions = actions;
    this.#admin = await openAdminPort(settings, {
      page: this.#sums,
      metrics: this.#metrics,
      ready,
      unhealthy: () => this.#unhealthy(),
      refresh: () => this.#refresh(),
      reload: this.#given.reload,
      actions,
      clock: this.#clock,
      logger: this.#given.logger,
      source: {
        identity: {
          ...this.#identity,
          startedAt: this.#clock.now(),
          workers: workersOf(settings),
        },
        members: () => this.#serving.map(({ member }) => member),
        totals: async () => {
          await this.#refresh();
          return totalsOf(this.#sums);
        },
        ready,
        brokers: () => [
          ...this.#brokerBook.views(this.#node),
          ...this.#workers.flatMap(({ brokers }) => brokers),
        ],
        nodes: () => actions.nodes(isOwn),
      },
    });
  }

  get #identity(): { node: string; version: string; runtime: string; engine: string } {
    const { platform } = this.#given;
    const engine = engineOf(platform, this.#settings.engine);
    return { node: this.#node, version, runtime: platform.name, engine };
  }

  /** For what is sent from here; nothing is connected before it is needed. */
  #newBus(): BusPorts {
    const { logger } = this.#given;
    const ports = { clock: this.#clock, random: this.#random, logger, metrics: this.#metrics };
    return openBrokers(this.#broker.access, ports, this.#brokerBook.opened);
  }

  async #startServicePort(): Promise<void> {
    const settings = this.#settings;
    if (settings["service-port"] === undefined) return;
    const { accessKeys } = this.#given;
    const bus = this.#newBus();
    this.#servicePort = new ServicePort(
      { settings, node: this.#node, isNode: false, accessKeys },
      { ...bus, metrics: this.#metrics },
    );
    await this.#servicePort.start();
  }

  async #refresh(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.refresh()));
    this.#own.report(this.#metrics.families());
  }

  /** Any of those that serve may get the next connection, so each of them has to be ready. */
  async #notReady(): Promise<readonly string[]> {
    if (this.#isStopping) return ["draining"];
    if (!this.#hasStarted) return ["starting"];
    await this.#refresh();
    const serving = this.#serving;
    if (serving.length === 0) return ["no worker"];
    return [...new Set(serving.flatMap(({ notReady }) => notReady))];
  }

  #unhealthy(): readonly string[] {
    const stalled = stallOf(this.#lag);
    if (!this.#hasStarted || this.#isStopping) return stalled;
    if (this.#serving.length === 0) return [...stalled, "no worker"];
    const ofWorkers = this.#workers.flatMap(({ unhealthy }, worker) =>
      unhealthy.map((reason) => `worker ${worker}: ${reason}`),
    );
    return [...stalled, ...ofWorkers];
  }

  #logStarted(port: number): void {
    const settings = this.#settings;
    const { logger } = this.#given;
    const workers = this.#workers.length;
    logger.log("info", "started", `${workers} workers listen on ${settings.host}:${port}`, {
      port,
      adminPort: this.#admin?.port,
      brokerPort: this.#broker.port,
      servicePort: this.#servicePort?.port,
      ...this.#identity,
      workers,
      broker: redactUrls(this.#broker.url),
      origins: settings.origin.map((url) => new URL(url).host).join(",") || undefined,
      app: settings.app,
    });
  }
}
