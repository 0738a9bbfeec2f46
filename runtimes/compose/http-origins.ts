import process from "node:process";
import { HttpClient, ProxyRules, systemAuthorities } from "../../adapters/http-client/mod.ts";
import { BatchOrigin } from "../../adapters/http-origin/batch/mod.ts";
import {
  AwsForm,
  BackEnds,
  type EventForm,
  Failures,
  HttpOrigin,
  OriginalForm,
  OriginRequests,
  type RequestCounters,
  requestCounters,
  Signer,
} from "../../adapters/http-origin/mod.ts";
import { GatewayOrigin } from "../../adapters/origin/api/mod.ts";
import type { BusPorts } from "../../adapters/topics/mod.ts";
import { randomName } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import type { Metrics } from "../../core/ports/mod.ts";
import { appsOf, authorizeOf } from "./gateway-options.ts";

export interface HttpOriginsPorts extends BusPorts {
  readonly metrics: Metrics;
  /** The broker refuses an origin for good, after `start` has resolved. */
  readonly failed: (error: Error) => void;
}

/** What every form of origin has. */
interface RunningOrigin {
  readonly ready: boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Bytes of an answer in the form `batch`: the echo of a full request, with larger messages. */
const batchAnswerBytesMax = 16_777_216;

/** The origins that `--origin` names, one for each app: the events of an app go to its URLs. */
export class HttpOrigins {
  readonly #settings: Settings;
  readonly #name: string;
  readonly #ports: HttpOriginsPorts;
  readonly #client: HttpClient;
  readonly #failures: Failures;
  readonly #signer: Signer | undefined;
  /** None in the form `batch`, which sends its own. */
  readonly #requests: OriginRequests | undefined;
  readonly #counters: RequestCounters;
  readonly #origins: readonly RunningOrigin[];

  /** `name` is that of the origins at the bus. */
  constructor(settings: Settings, name: string, ports: HttpOriginsPorts) {
    this.#settings = settings;
    this.#name = name;
    this.#ports = ports;
    this.#failures = new Failures(ports);
    const isBatch = settings["origin-format"] === "batch";
    this.#client = new HttpClient(
      {
        timeoutMs: settings["origin-timeout"],
        connectionsMax: settings["origin-concurrency"],
        proxies: ProxyRules.ofEnvironment(process.env),
        ca: systemAuthorities(process.env),
        ...(isBatch ? { answerBytesMax: batchAnswerBytesMax } : {}),
      },
      ports,
    );
    const secret = settings["origin-secret"];
    this.#signer = secret === "" ? undefined : new Signer(secret);
    this.#counters = requestCounters(ports.metrics);
    if (isBatch) {
      this.#origins = appsOf(settings).map((app) => this.#batchOrigin(app));
      return;
    }
    const requests = this.#originRequests();
    this.#requests = requests;
    this.#origins = appsOf(settings).map((app) => this.#eventOrigin(app, requests));
  }

  /** Whether each of them gets events, if there are any. */
  get ready(): boolean {
    return this.#origins.every(({ ready }) => ready);
  }

  /** Resolves when events come in. */
  async start(): Promise<void> {
    await Promise.all(this.#origins.map((origin) => origin.start()));
  }

  /** Handles what is there, for a limited time, and ends every request. */
  async stop(): Promise<void> {
    await Promise.all(this.#origins.map((origin) => origin.stop()));
    this.#requests?.stop();
    this.#client.close();
  }

  #originRequests(): OriginRequests {
    const settings = this.#settings;
    const { clock, random } = this.#ports;
    return new OriginRequests(
      {
        urls: settings.origin,
        concurrency: settings["origin-concurrency"],
        retryMs: settings["origin-retry"],
        timeoutMs: settings["origin-timeout"],
        signer: this.#signer,
      },
      {
        client: this.#client,
        clock,
        random,
        failures: this.#failures,
        counters: this.#counters,
      },
    );
  }

  /** One request for each event. */
  #eventOrigin(app: string, requests: OriginRequests): HttpOrigin {
    const settings = this.#settings;
    const root = settings["topic-root"];
    const window = settings["origin-window"];
    const origin = new GatewayOrigin({ app, name: this.#name, root, window }, this.#ports);
    return new HttpOrigin(
      origin,
      { form: formOf(settings, app, this.#ports), replies: settings["origin-replies"] },
      { ...this.#ports, requests, failures: this.#failures },
    );
  }

  #batchOrigin(app: string): BatchOrigin {
    const settings = this.#settings;
    const { clock, metrics } = this.#ports;
    const origin = new BatchOrigin(
      {
        app,
        name: this.#name,
        root: settings["topic-root"],
        window: settings["origin-window"],
        itemsMax: settings["origin-batch-size"],
        retryMs: settings["origin-retry"],
        replies: settings["origin-replies"],
      },
      {
        ...this.#ports,
        client: this.#client,
        counters: this.#counters,
        urls: new BackEnds(settings.origin, () => clock.ticks()),
        failures: this.#failures,
        sign: this.#signer?.sign.bind(this.#signer),
      },
    );
    metrics.gauge(
      "wss_origin_connections",
      "Open connections that the HTTP origin was told of",
      () => origin.connections,
      { app },
    );
    metrics.gauge(
      "wss_origin_unconfirmed_bytes",
      "Bytes of events that the HTTP origin has not confirmed",
      () => origin.unconfirmedBytes,
      { app },
    );
    return origin;
  }
}

function formOf(settings: Settings, app: string, { clock, random }: BusPorts): EventForm {
  if (settings["origin-format"] === "original") {
    return new OriginalForm({ extraFields: settings["origin-extra-fields"] });
  }
  return new AwsForm({
    routeSelection: settings["route-selection"],
    stage: settings["aws-stage"],
    domainName: settings["aws-domain-name"],
    apiId: app,
    authorizes: authorizeOf(settings) === "origin",
    now: () => clock.now(),
    requestId: () => randomName(random, 20),
  });
}
