export { base64, fromBase64 } from "./base64.ts";
export { base64OfId, idOfBase64 } from "./base64-ids.ts";
export {
  type Command,
  commandSchema,
  eachCommand,
  readCommands,
  sendCommand,
  type WireCommandOptions,
} from "./commands.ts";
export { fromJsonBinary } from "./json-binary.ts";
export { parseShallow, readJson } from "./json-text.ts";
export { readMessagePack } from "./message-pack.ts";
export { nestsTooDeeply } from "./nesting.ts";
export {
  commandsOfRequest,
  eachMessage,
  readOutgoing,
  readServiceRequest,
  type ServiceMessage,
  serviceRequestSchema,
} from "./service-request.ts";
