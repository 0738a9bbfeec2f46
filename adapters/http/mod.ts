export { type AdminAppOptions, createAdminApp } from "./admin-app.ts";
export { bearerOf, saysBearer } from "./bearer.ts";
export { Bodies } from "./bodies.ts";
export { methodRefusal, only } from "./methods.ts";
export { Refusal, refusalOf } from "./refusal.ts";
export type { RequestSource } from "./request-source.ts";
export { eventStream, type HttpHandler, type HttpServer, serveHttp } from "./serve.ts";
