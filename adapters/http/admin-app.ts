import { Hono } from "hono/tiny";

export interface AdminOptions {
  /** Why the node should get no new connections, such as `draining`; empty while it is ready. */
  readonly ready: () => readonly string[];
  readonly metrics: () => { readonly contentType: string; readonly text: string };
}

/** The admin endpoints of a node: `/healthz`, `/readyz`, `/metrics`. */
export function createAdminApp(
  options: AdminOptions,
): (request: Request) => Response | Promise<Response> {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    // A cached answer would be out of date.
    context.header("cache-control", "no-store");
  });
  // The process runs and its event loop turns, or there would be no answer.
  app.get("/healthz", (context) => context.text("ok\n"));
  app.get("/readyz", (context) => {
    const reasons = options.ready();
    const ready = reasons.length === 0;
    return context.json({ ready, reasons }, ready ? 200 : 503);
  });
  app.get("/metrics", (context) => {
    const { contentType, text } = options.metrics();
    return context.body(text, 200, { "content-type": contentType });
  });
  app.notFound((context) => context.text("not found; see /healthz, /readyz and /metrics\n", 404));
  app.onError((_error, context) => context.text("internal error\n", 500));
  return (request) => app.fetch(request);
}
