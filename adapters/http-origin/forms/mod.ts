/** Forms of events and answers. `EventForm` is what they have in common. */
export { AwsForm } from "./aws-form.ts";
export type { EventForm } from "./event-form.ts";
export { OriginalForm } from "./original-form.ts";
