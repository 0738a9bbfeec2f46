import {
  AdminAccess,
  type AdminActions,
  type AdminSource,
  consoleFile,
  createAdminApi,
  overviewCounters,
  type RefusedAdminRequest,
  type ReloadAnswer,
  type Totals,
} from "../../../adapters/admin/mod.ts";
import {
  type AdminAppOptions,
  createAdminApp,
  type HttpServer,
  refusalOf,
  serveHttp,
} from "../../../adapters/http/mod.ts";
import type { MetricSums, PrometheusMetrics } from "../../../adapters/metrics/mod.ts";
import { errorCounter, isLoopbackHost } from "../../../core/base/mod.ts";
import type { Settings } from "../../../core/config/mod.ts";
import type { Clock, Logger } from "../../../core/ports/mod.ts";

/** Reads settings, certificates and keys again. Never rejects. */
export type Reload = () => Promise<ReloadAnswer>;

export interface PlainAdminOptions extends Omit<AdminAppOptions, "metrics"> {
  /** What `/metrics` shows. */
  readonly page: PrometheusMetrics | MetricSums;
  /** Called before the page is rendered. */
  readonly refresh?: () => Promise<void>;
}

export interface AdminPortOptions extends PlainAdminOptions {
  /** What this process itself counts. */
  readonly metrics: PrometheusMetrics;
  readonly source: AdminSource;
  readonly actions: AdminActions;
  /** Without it, nothing can be reloaded. */
  readonly reload: Reload | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Opens the admin port of a bridge, which has no connections. */
export function openPlainAdminPort(
  settings: Settings,
  options: PlainAdminOptions,
): Promise<HttpServer> {
  return serveHttp(plainApp(options), placeOf(settings));
}

/** Opens the admin port. */
export function openAdminPort(settings: Settings, options: AdminPortOptions): Promise<HttpServer> {
  const { metrics, logger, source, actions, clock, reload } = options;
  const plain = plainApp(options);
  const access = accessOf(settings);
  const refused = ({ code, status, message, address, path }: RefusedAdminRequest): void => {
    errorCounter(metrics, code).add(1);
    const level = status >= 500 || status === 401 || status === 403 ? "warn" : "info";
    const text = `a request on the admin port is refused: ${message}`;
    logger.log(level, "request-refused", text, { code, status, address, path });
  };
  const api = createAdminApi({
    access,
    source,
    actions,
    reload,
    clock,
    refused,
    acted: (action) => {
      const { who, address, action: what, target, outcome } = action;
      const text = `${who === "" ? "somebody" : who} asked for ${what} on the admin port`;
      logger.log("info", "admin-action", text, { who, address, action: what, target, outcome });
    },
  });
  return serveHttp((request, from) => {
    const { pathname: path } = new URL(request.url);
    if (path === "/admin" || path.startsWith("/admin/")) return api(request, from);
    try {
      return consoleFile(access, request) ?? plain(request);
    } catch (error) {
      const refusal = refusalOf(error);
      const { code, message, status } = refusal;
      refused({ code, message, status, address: from.address, path });
      return refusal.response();
    }
  }, placeOf(settings));
}

function plainApp({ page, refresh, ready, unhealthy }: PlainAdminOptions): PlainApp {
  return createAdminApp({
    ready,
    unhealthy,
    metrics: async () => {
      await refresh?.();
      return { contentType: page.contentType, text: page.render() };
    },
  });
}

type PlainApp = ReturnType<typeof createAdminApp>;

function placeOf(settings: Settings): { readonly host: string; readonly port: number } {
  return { host: settings["admin-host"], port: settings["admin-port"] };
}

function accessOf(settings: Settings): AdminAccess {
  return new AdminAccess({
    isLocal: isLoopbackHost(settings["admin-host"]),
    token: settings["admin-token"],
    readToken: settings["admin-read-token"],
    userHeader: settings["admin-user-header"],
    proxies: settings["admin-proxies"],
    actors: settings["admin-actors"],
  });
}

/** What the overview shows of the counters. */
export function totalsOf(page: PrometheusMetrics | MetricSums): Totals {
  const sums = page.totals();
  const shown = Object.entries(overviewCounters);
  return Object.fromEntries(shown.map(([key, name]) => [key, sums.get(name) ?? 0]));
}
