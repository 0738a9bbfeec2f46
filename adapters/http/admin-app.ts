import { Hono } from "hono/tiny";

export interface AdminAppOptions {
  /** Why the node should get no new connections, such as `draining`; empty while it is ready. */
  readonly ready: () => readonly string[] | Promise<readonly string[]>;
  readonly metrics: () => MetricsPage | Promise<MetricsPage>;
  /** Why this process should be started again; empty while it is healthy, as it is by default. */
  readonly unhealthy?: (() => readonly string[]) | undefined;
}

export interface MetricsPage {
  readonly contentType: string;
  readonly text: string;
}

/** The admin endpoints of a node: `/healthz`, `/readyz`, `/metrics`. */
export function createAdminApp(
  options: AdminAppOptions,
): (request: Request) => Response | Promise<Response> {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    // A cached answer would be out of date.
    context.header("cache-control", "no-store");
  });
  // The process runs and its event loop turns, or there would be no answer.
  app.get("/healthz", (context) => {
    const reasons = options.unhealthy?.() ?? [];
    return reasons.length === 0
      ? context.text("ok\n")
      : context.text(`${reasons.join("\n")}\n`, 503);
  });
  app.get("/readyz", async (context) => {
    const reasons = await options.ready();
    const ready = reasons.length === 0;
    return context.json({ ready, reasons }, ready ? 200 : 503);
  });
  app.get("/metrics", async (context) => {
    const { contentType, text } = await options.metrics();
    return context.body(text, 200, { "content-type": contentType });
  });
  app.notFound((context) => context.text("not found; see /healthz, /readyz and /metrics\n", 404));
  app.onError((_error, context) => context.text("internal error\n", 500));
  return (request) => app.fetch(request);
}
