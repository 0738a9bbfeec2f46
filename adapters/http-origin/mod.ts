/** Origins that are called over HTTP. */
export { AwsForm, type EventForm, OriginalForm } from "./forms/mod.ts";
export { HttpOrigin } from "./http-origin.ts";
export {
  BackEnds,
  Failures,
  OriginRequests,
  type RequestCounters,
  requestCounters,
  Signer,
} from "./requests/mod.ts";
