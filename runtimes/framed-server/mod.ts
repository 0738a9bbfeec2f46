export { startFramedServer } from "./server.ts";
