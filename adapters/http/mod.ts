export { type AdminAppOptions, createAdminApp } from "./admin-app.ts";
export { Bodies } from "./bodies.ts";
export { Refusal, refusalOf } from "./refusal.ts";
export type { RequestSource } from "./request-source.ts";
export { eventStream, type HttpHandler, type HttpServer, serveHttp } from "./serve.ts";
