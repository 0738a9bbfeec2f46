export { fromHex } from "./printer.ts";
export { runSession, type SessionOptions } from "./session.ts";
