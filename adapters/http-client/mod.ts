export type { HttpAnswer } from "./answer/mod.ts";
export { HttpClient } from "./http-client.ts";
export { HttpError } from "./http-error.ts";
export type {
  HttpClientOptions,
  HttpQuestion,
  HttpRequest,
  StreamedOptions,
} from "./http-types.ts";
export { ProxyRules } from "./proxy-rules.ts";
export { streamed } from "./streamed.ts";
export { systemAuthorities } from "./trust.ts";
