import { isMap } from "../../../core/base/mod.ts";
import {
  type Command,
  commandsOfRequest,
  readCommands,
  readJson,
  readServiceRequest,
} from "../../http-wire/mod.ts";
import type { BackEndAnswer } from "./event-form.ts";

/**
 * The commands in an answer: a 200 in JSON that is an array, or an object with
 * `OutgoingWebSocketMessages`. Any other answer has none, as back ends of the original service
 * may answer what they like. Throws a `ServiceError` where one of the commands is malformed.
 */
export function readReply({ status, contentType, body }: BackEndAnswer): readonly Command[] {
  if (status !== 200 || contentType !== "application/json" || body.length === 0) return [];
  const value = jsonOf(body);
  if (Array.isArray(value)) return readCommands(value);
  if (!isMap(value) || !Object.keys(value).some(isMessages)) return [];
  return commandsOfRequest(readServiceRequest(value));
}

function isMessages(name: string): boolean {
  return name.toLowerCase() === "outgoingwebsocketmessages";
}

/** Undefined where it is not JSON, whatever its content type says. */
function jsonOf(body: Uint8Array): unknown {
  try {
    return readJson(body);
  } catch {
    return undefined;
  }
}
