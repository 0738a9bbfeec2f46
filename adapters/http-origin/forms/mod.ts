/** Forms of events and answers. `EventForm` is what they have in common. */
export { AwsForm, type AwsFormOptions } from "./aws-form.ts";
export type {
  CloseInfo,
  Decision,
  DecisionGrant,
  EventForm,
  HandshakeInfo,
  MessageInfo,
} from "./event-form.ts";
export { OriginalForm, type OriginalFormOptions } from "./original-form.ts";
