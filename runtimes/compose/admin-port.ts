import {
  type AdminOptions,
  createAdminApp,
  type HttpServer,
  serveHttp,
} from "../../adapters/http/mod.ts";
import type { MetricSums, PrometheusMetrics } from "../../adapters/metrics/mod.ts";
import type { Settings } from "../../core/config/mod.ts";

/** Opens the admin port. */
export function openAdminPort(
  settings: Settings,
  metrics: PrometheusMetrics | MetricSums,
  options: Omit<AdminOptions, "metrics"> & { readonly refresh?: () => Promise<void> },
): Promise<HttpServer> {
  const { refresh, ...answers } = options;
  const app = createAdminApp({
    ...answers,
    metrics: async () => {
      await refresh?.();
      return { contentType: metrics.contentType, text: metrics.render() };
    },
  });
  return serveHttp(app, { host: settings["admin-host"], port: settings["admin-port"] });
}
