export { Backlog } from "./backlog.ts";
export type { TcpPort } from "./client-port.ts";
export { ClientStream } from "./client-stream.ts";
export type { Deadlines } from "./deadlines.ts";
export { startFramedServer } from "./nodejs-tcp-port.ts";
export { type Clients, startServer } from "./server.ts";
