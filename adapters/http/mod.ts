export { type AdminOptions, createAdminApp, type HttpHandler } from "./admin-app.ts";
export { type HttpServer, type ServeOptions, serveHttp } from "./serve.ts";
