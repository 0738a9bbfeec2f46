import { ServiceError } from "../../../core/base/mod.ts";
import type { HttpAnswer } from "../../http-client/mod.ts";
import {
  type Command,
  commandsOfRequest,
  parseShallow,
  readCommands,
  readOutgoing,
} from "../../http-wire/mod.ts";

/**
 * The commands in an answer: a 200 in JSON that is an array, or an object with
 * `OutgoingWebSocketMessages`. Any other answer has none, as back ends of the original service
 * may answer what they like. Throws a `ServiceError` if one of the commands is malformed, or the
 * body is not the JSON that its type says.
 */
export function readReply({ status, contentType, body }: HttpAnswer): readonly Command[] {
  if (status !== 200 || contentType !== "application/json" || body.length === 0) return [];
  const value = parseShallow(body);
  if (value === undefined) {
    throw new ServiceError(
      "batch-malformed",
      "an answer of application/json is not JSON, or nests too deeply",
    );
  }
  return Array.isArray(value) ? readCommands(value) : commandsOfRequest(readOutgoing(value));
}
