import type { ErrorCode } from "../base/mod.ts";
import type { HandshakeRefusal } from "../ports/mod.ts";

/** An answer with one sentence for people, which begins with the stable code. */
export function refuse(
  statusCode: number,
  code: ErrorCode,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): HandshakeRefusal {
  return {
    accepted: false,
    errorCode: code,
    statusCode,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
    body: `${code}: ${sentence}.\n`,
  };
}
