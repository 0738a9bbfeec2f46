import { createAdminApp, type HttpServer, serveHttp } from "../../adapters/http/mod.ts";
import type { PrometheusMetrics } from "../../adapters/metrics/mod.ts";
import type { Settings } from "../../core/config/mod.ts";

/** Opens the admin port. `ready` gives the reasons not to be ready. */
export function openAdminPort(
  settings: Settings,
  metrics: PrometheusMetrics,
  ready: () => readonly string[],
): Promise<HttpServer> {
  const app = createAdminApp({
    ready,
    metrics: () => ({ contentType: metrics.contentType, text: metrics.render() }),
  });
  return serveHttp(app, { host: settings["admin-host"], port: settings["admin-port"] });
}
