import process from "node:process";
import { SystemClock } from "../../../adapters/system/mod.ts";
import type { Settings } from "../../../core/config/mod.ts";
import { readTraceExport } from "../../../core/telemetry/mod.ts";
import { type Platform, Service } from "../../compose/mod.ts";
import { WorkerLink } from "../../workers/mod.ts";
import { ExitCode } from "../command/mod.ts";
import { createAuthorizer, readTlsFiles } from "../settings/mod.ts";
import { createLogger, type ProgramLogger } from "./create-logger.ts";
import { NodeReload } from "./node-reload.ts";
import { failOnErrors, failProcess } from "./run-program.ts";

/** Runs a worker as its supervisor orders. False if no supervisor has started this process. */
export function runWorker(platform: Platform): boolean {
  const link = WorkerLink.ofProcess(new SystemClock());
  if (link === undefined) return false;
  let worker: WorkerProgram | undefined;
  // Nobody would end a worker without its supervisor, and the next one needs the port.
  process.on("disconnect", () => process.exit(ExitCode.failure));
  // A terminal, or a process manager, sends signals to the workers, too: the supervisor's order
  // that follows changes nothing then. A signal to a worker alone has another one take its place.
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => void worker?.drain());
  process.on("SIGHUP", () => {});
  link.listen((order) => {
    if (order.kind === "start") {
      worker = new WorkerProgram(platform, link, order.settings, order.worker);
      void worker.start();
    } else if (order.kind === "reload") void worker?.reload(order.settings);
    else if (order.kind === "drain") void worker?.drain();
    else if (worker === undefined) process.exit(ExitCode.clean);
    else void worker.stop();
  });
  return true;
}

class WorkerProgram {
  readonly #platform: Platform;
  readonly #link: WorkerLink;
  readonly #settings: Settings;
  readonly #logger: ProgramLogger;
  #service: Service | undefined;
  #reload: NodeReload | undefined;
  #reloading: Promise<void> = Promise.resolve();
  #starting: Promise<void> | undefined;
  #draining: Promise<void> | undefined;

  constructor(platform: Platform, link: WorkerLink, settings: Settings, worker: number) {
    this.#platform = platform;
    this.#link = link;
    this.#settings = settings;
    this.#logger = createLogger(settings, { worker });
    failOnErrors(this.#logger);
  }

  start(): Promise<void> {
    this.#starting = this.#start().catch((error) => failProcess(this.#logger, error));
    return this.#starting;
  }

  /** One after the other, and not before it has started. */
  reload(settings: Settings): Promise<void> {
    this.#reloading = this.#reloading.then(() => this.#reloadTo(settings));
    return this.#reloading;
  }

  /** The supervisor has checked settings and files; the files may have changed since. */
  async #reloadTo(settings: Settings): Promise<void> {
    await this.#starting;
    const node = this.#reload;
    if (node === undefined) return;
    try {
      await node.apply(settings, await node.load(settings, true));
    } catch (error) {
      const { message } = error as Error;
      const fields = { code: "setting-invalid" };
      const text = `nothing is reloaded, the old settings stay: ${message}`;
      this.#logger.log("error", "reload-refused", text, fields);
    }
  }

  /** Once, however often it is asked for. */
  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  async stop(): Promise<void> {
    await this.drain();
    await this.#service?.stop();
    process.exit(ExitCode.clean);
  }

  async #start(): Promise<void> {
    const settings = this.#settings;
    const logger = this.#logger;
    const { server: serverTls, mqtt: mqttTls } = readTlsFiles(settings);
    const authorizer = await createAuthorizer(settings, { clock: new SystemClock(), logger });
    authorizer?.start();
    const service = new Service(settings, {
      platform: this.#platform,
      logger,
      serverTls,
      mqttTls,
      authorizer,
      traceExport: readTraceExport(process.env),
      brokerLogin: undefined,
      pages: new Map(),
      failed: (error) => failProcess(logger, error),
      isWorker: true,
    });
    this.#service = service;
    this.#reload = new NodeReload(service, authorizer, logger);
    this.#link.reportOn(() => {
      const { brokers, metrics, notReady, unhealthy } = service;
      return { metrics, notReady, unhealthy, brokers };
    });
    await service.start();
    this.#link.answerFrom(service.inspector);
    this.#link.started(service.port);
  }

  async #drain(): Promise<void> {
    await this.#starting;
    await this.#service?.drain();
    this.#link.drained();
  }
}
