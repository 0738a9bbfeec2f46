/** Requests to the URLs of an origin: how many, how long, how often, and signed. */
export { BackEnds } from "./back-ends.ts";
export { Failures } from "./failures.ts";
export { httpOriginLimits } from "./http-origin-limits.ts";
export { OriginRequests, type RequestCounters, requestCounters } from "./origin-requests.ts";
export { Signer } from "./signature.ts";
