import { ServiceError } from "../../../core/base/mod.ts";
import { closeCodeAllowed } from "../../../core/websocket/mod.ts";
import type { MessageData } from "./events.ts";

const idPattern = /^[a-z0-9-]{1,32}\.[A-Za-z0-9_-]{1,63}$/;

/** The longest time of a timer. */
const timeoutMsMax = 2_147_483_647;

function malformed(message: string): ServiceError {
  return new ServiceError("command-malformed", message);
}

/** Whether `id` can be a connection's. */
export function isConnectionId(id: unknown): id is string {
  return typeof id === "string" && idPattern.test(id);
}

/** The same id; throws `id-malformed` where it is none. */
export function checkedId(id: string): string {
  if (isConnectionId(id)) return id;
  throw new ServiceError("id-malformed", `no connection id: ${String(id)}`);
}

/** Data as it is written: other views of bytes are taken for their bytes. */
export function checkedData(data: MessageData | ArrayBuffer | ArrayBufferView): MessageData {
  if (typeof data === "string" || data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  const kind = data === null ? "null" : typeof data;
  throw malformed(`a message is a string or a Uint8Array, not ${kind}: JSON.stringify an object`);
}

/** Throws where a close frame cannot have this code and reason. RFC 6455, 5.5 and 7.4. */
export function checkClose(closeCode: number, closeReason: string): void {
  if (!Number.isInteger(closeCode) || !closeCodeAllowed(closeCode)) {
    throw malformed(`${closeCode} is no code to close with: 1000, or 4000 to 4999 of your own`);
  }
  if (typeof closeReason !== "string") throw malformed("a close reason is a string");
  // Code and reason share the 125 bytes of a control frame.
  if (new TextEncoder().encode(closeReason).length > 123) {
    throw malformed("a close reason has 123 bytes at most");
  }
}

/** Throws where nobody can wait for that long. */
export function checkTimeout(timeoutMs: number): void {
  if (typeof timeoutMs === "number" && timeoutMs >= 0 && timeoutMs <= timeoutMsMax) return;
  throw malformed(`timeoutMs ${String(timeoutMs)}: a number from 0 to ${timeoutMsMax}`);
}

/** Throws where what listens is no function. */
export function checkHandler(handler: unknown): void {
  if (typeof handler !== "function") throw new TypeError("a handler is a function");
}
