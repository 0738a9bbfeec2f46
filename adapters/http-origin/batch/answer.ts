import { isMap, ServiceError } from "../../../core/base/mod.ts";
import type { HttpAnswer } from "../../http-client/mod.ts";
import { parseShallow, readOutgoing } from "../../http-wire/mod.ts";

/** What an answer says. */
export interface AnswerContent {
  /** Items of the request's stream below this number are confirmed; undefined: all of them. */
  readonly confirmed: number | undefined;
  readonly commands: readonly (readonly unknown[])[];
}

const nothing: AnswerContent = { confirmed: undefined, commands: [] };

/** Whether the origin has taken the events. */
export function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

/**
 * Whether the origin says that it will never take this request. Other answers without success may
 * be different next time.
 */
export function isRefusal({ status }: HttpAnswer): boolean {
  return status === 400 || status === 413 || status === 422;
}

/**
 * The commands in a successful answer: JSON that is an array of arrays, or an object with
 * `OutgoingWebSocketMessages`. Any other body says nothing, as an origin may answer what it likes.
 * `failed` is told of what looks like commands and cannot be read; then nothing is carried out.
 */
export function readAnswer(
  { contentType, body }: HttpAnswer,
  stream: string | undefined,
  failed: (error: ServiceError) => void,
): AnswerContent {
  if (contentType !== "application/json" || body.length === 0) return nothing;
  try {
    const items = itemsOf(parseShallow(body));
    let confirmed: number | undefined;
    const commands: (readonly unknown[])[] = [];
    for (const item of items) {
      if (item[0] !== "ack") commands.push(item);
      else if (stream !== undefined && item[1] === stream) {
        // A slip of the origin must not confirm what it has not handled.
        if (!Number.isSafeInteger(item[2])) return unconfirmed(failed);
        confirmed = item[2] as number;
      }
    }
    return { confirmed, commands };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    failed(error);
    return nothing;
  }
}

function unconfirmed(failed: (error: ServiceError) => void): AnswerContent {
  failed(malformed("the number of an ack in an answer is not a whole number"));
  return { confirmed: 0, commands: [] };
}

function itemsOf(body: unknown): readonly (readonly unknown[])[] {
  if (body === undefined) {
    throw malformed("the answer of an HTTP origin is not JSON, or nests too deeply");
  }
  if (!Array.isArray(body)) return readOutgoing(body).map(({ ids, data }) => ["send", ids, data]);
  const fault = body.findIndex((item) => !Array.isArray(item));
  if (fault < 0) return body;
  throw malformed(`body[${fault}] of an answer: a command is an array that begins with a verb`);
}

function malformed(what: string): ServiceError {
  return new ServiceError("batch-malformed", what);
}

/** What of an answer counts with `--origin-replies false`. */
export function decisionsOf({ confirmed, commands }: AnswerContent): AnswerContent {
  const decisions = commands.filter(([verb]) => verb === "accept" || verb === "reject");
  return { confirmed, commands: decisions };
}

/** Whether a command's last element asks for a reply. */
export function asksForReply(command: readonly unknown[]): boolean {
  const options = command.at(-1);
  return isMap(options) && options.ref !== undefined && options.ref !== null;
}
