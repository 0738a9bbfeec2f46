export { JsonLogger } from "./json-logger.ts";
export { LogLimiter } from "./log-limiter.ts";
export { PrettyLogger } from "./pretty-logger.ts";
export { redact, redactText } from "./redact.ts";
export { WithFields } from "./with-fields.ts";
