export { AwsForm, type AwsFormOptions } from "./aws-form.ts";
export type { BackEndAnswer, Decision, EventForm } from "./event-form.ts";
export { OriginalForm, type OriginalFormOptions } from "./original-form.ts";
export { Signer } from "./signature.ts";
