export { AwsForm, type AwsFormOptions } from "./aws-form.ts";
export type { BackEndAnswer, Decision, EventForm } from "./event-form.ts";
export { HttpOrigin, type HttpOriginOptions, type HttpOriginPorts } from "./http-origin.ts";
export type { Poster } from "./origin-requests.ts";
export { OriginalForm, type OriginalFormOptions } from "./original-form.ts";
export { Signer } from "./signature.ts";
