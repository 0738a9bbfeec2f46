/** Origins that are called over HTTP. */
export {
  AwsForm,
  type AwsFormOptions,
  type Decision,
  type EventForm,
  OriginalForm,
  type OriginalFormOptions,
} from "./forms/mod.ts";
export { HttpOrigin, type HttpOriginOptions, type HttpOriginPorts } from "./http-origin.ts";
export {
  BackEnds,
  Failures,
  OriginRequests,
  type RequestCounters,
  requestCounters,
  Signer,
} from "./requests/mod.ts";
