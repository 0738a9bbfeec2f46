import { type ErrorCode, limits } from "../../core/base/mod.ts";
import type { HandshakeRefusal } from "../../core/ports/mod.ts";
import { refuse } from "../../core/websocket/mod.ts";

/** Why a token is refused. The message never contains a part of the token. */
export class TokenFault extends Error {
  override readonly name: string = "TokenFault";
  readonly code: ErrorCode;

  constructor(sentence: string, code: ErrorCode = "token-invalid") {
    super(sentence);
    this.code = code;
  }
}

/** RFC 6750, 3: the answer to a request without a token has no error code in its challenge. */
export function tokenMissing(): HandshakeRefusal {
  const sentence = "a token is required to connect";
  return refuse(401, "token-missing", sentence, { "www-authenticate": "Bearer" });
}

/** RFC 6750, 3.1. */
export function tokenRefused({ code, message }: TokenFault): HandshakeRefusal {
  const challenge = `Bearer error="invalid_token", error_description="${message}"`;
  return refuse(401, code, message, { "www-authenticate": challenge });
}

/** RFC 9110, 15.6.4: 503, because the client can try again later. */
export function keysUnavailable(): HandshakeRefusal {
  const sentence = "the keys that verify tokens are not available at the moment";
  const retryAfter = String(Math.ceil(limits.jwksRetryMs / 1_000));
  return refuse(503, "keys-unavailable", sentence, { "retry-after": retryAfter });
}
