import process from "node:process";
import { HttpClient, ProxyRules } from "../../adapters/http-client/mod.ts";
import {
  AwsForm,
  type EventForm,
  Failures,
  HttpOrigin,
  OriginalForm,
  OriginRequests,
  Signer,
} from "../../adapters/http-origin/mod.ts";
import { Origin } from "../../adapters/origin/mod.ts";
import type { BusPorts } from "../../adapters/topics/mod.ts";
import { randomName } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import type { Metrics } from "../../core/ports/mod.ts";
import { appsOf, authorizeOf } from "./gateway-options.ts";

export interface HttpOriginsPorts extends BusPorts {
  readonly metrics: Metrics;
}

/** The origins that `--origin` names, one for each app: the events of an app go to its URLs. */
export class HttpOrigins {
  readonly #client: HttpClient;
  readonly #requests: OriginRequests;
  readonly #origins: readonly HttpOrigin[];

  /** `name` is that of the origins at the bus. */
  constructor(settings: Settings, name: string, ports: HttpOriginsPorts) {
    const { clock } = ports;
    const failures = new Failures(ports);
    const concurrency = settings["origin-concurrency"];
    const timeoutMs = settings["origin-timeout"];
    const proxies = ProxyRules.ofEnvironment(process.env);
    const client = new HttpClient({ timeoutMs, connectionsMax: concurrency, proxies }, ports);
    const secret = settings["origin-secret"];
    this.#client = client;
    this.#requests = new OriginRequests(
      {
        urls: settings.origin,
        concurrency,
        retryMs: settings["origin-retry"],
        timeoutMs,
        signer: secret === "" ? undefined : new Signer(secret),
      },
      { client, clock, failures, metrics: ports.metrics },
    );
    const root = settings["topic-root"];
    const replies = settings["origin-replies"];
    this.#origins = appsOf(settings).map((app) => {
      const origin = new Origin({ app, name, root }, ports);
      const form = formOf(settings, app, ports);
      return new HttpOrigin(
        origin,
        { form, replies },
        { ...ports, requests: this.#requests, failures },
      );
    });
  }

  /** Resolves when events come in. */
  async start(): Promise<void> {
    await Promise.all(this.#origins.map((origin) => origin.start()));
  }

  /** Handles what is there, for a limited time, and ends every request. */
  async stop(): Promise<void> {
    await Promise.all(this.#origins.map((origin) => origin.stop()));
    this.#requests.stop();
    this.#client.close();
  }
}

function formOf(settings: Settings, app: string, { clock, random }: BusPorts): EventForm {
  if (settings["origin-format"] === "original") {
    return new OriginalForm({ extraFields: settings["origin-extra-fields"] });
  }
  return new AwsForm({
    routeSelection: settings["route-selection"],
    stage: settings["aws-stage"],
    apiId: app,
    authorizes: authorizeOf(settings) === "origin",
    now: () => clock.now(),
    requestId: () => randomName(random, 20),
  });
}
