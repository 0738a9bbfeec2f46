export { runCommandLine } from "./command-line.ts";
export { exceeds } from "./message-size.ts";
export { sameOriginOnly } from "./setting-advice.ts";
export type { TlsFiles } from "./tls-files.ts";
export { version } from "./version.ts";
