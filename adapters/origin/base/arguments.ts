import {
  isGroupName,
  limits,
  parseTraceparent,
  ServiceError,
  userGroup,
} from "../../../core/base/mod.ts";
import {
  closeCodeAllowed,
  closeReasonBytesMax,
  closeReasonFits,
} from "../../../core/websocket/mod.ts";
import type { MessageData } from "./events.ts";

/** The name; throws `group-name` if no group can have it. */
export function checkedGroup(name: string): string {
  if (typeof name === "string" && isGroupName(name)) return name;
  const allowed = `1 to ${limits.groupBytesMax} bytes of UTF-8`;
  throw new ServiceError("group-name", `a group's name has ${allowed}`);
}

/** The group of a user's connections; throws `group-name` if no user can have that name. */
export function groupOfUser(user: string): string {
  if (user === "") throw new ServiceError("group-name", "a user's name must not be empty");
  return checkedGroup(userGroup(user));
}

/** Data as it is written: any view of bytes becomes a Uint8Array over the same bytes. */
export function checkedData(data: MessageData | ArrayBuffer | ArrayBufferView): MessageData {
  if (typeof data === "string" || data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  const kind = data === null ? "null" : typeof data;
  throw malformed(
    `a message must be a string or a Uint8Array, not ${kind}; use JSON.stringify for objects`,
  );
}

/** Throws if a close frame cannot have this code and reason. RFC 6455, 5.5 and 7.4. */
export function checkClose(closeCode: number, closeReason: string): void {
  if (!Number.isInteger(closeCode) || !closeCodeAllowed(closeCode)) {
    throw malformed(`close code ${closeCode}: use 1000, or 4000 to 4999 for codes of your own`);
  }
  if (typeof closeReason !== "string") throw malformed("a close reason must be a string");
  if (!closeReasonFits(closeReason)) {
    throw malformed(`a close reason has ${closeReasonBytesMax} bytes at most`);
  }
}

/** Throws if no timer can wait for that long. */
export function checkTimeout(timeoutMs: number): void {
  if (typeof timeoutMs === "number" && timeoutMs >= 0 && timeoutMs <= limits.timerMsMax) return;
  throw malformed(
    `timeoutMs ${String(timeoutMs)}: must be a number from 0 to ${limits.timerMsMax}`,
  );
}

/** What an event names as its trace; undefined if that is no `traceparent`. */
export function traceOf(said: unknown): string | undefined {
  return parseTraceparent(said) === undefined ? undefined : (said as string);
}

/** Throws if that is no `traceparent`. */
export function checkTrace(trace: string): void {
  if (parseTraceparent(trace) !== undefined) return;
  throw malformed("trace: must be a traceparent of W3C Trace Context, of 55 characters");
}

/** Throws if an event handler is not a function. */
export function checkHandler(handler: unknown): void {
  if (typeof handler !== "function") throw new TypeError("a handler must be a function");
}

function malformed(message: string): ServiceError {
  return new ServiceError("command-malformed", message);
}
