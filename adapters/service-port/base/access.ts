import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopbackAddress } from "../../../core/base/mod.ts";
import { Refusal } from "../../http/mod.ts";

/**
 * Who may send requests: programs that know the token; without a token, programs on this machine,
 * but no web pages.
 */
export class Access {
  readonly #token: Buffer | undefined;

  /** `token` is empty if there is none. */
  constructor(token: string) {
    this.#token = token === "" ? undefined : digest(token);
  }

  /** Whether a token is required and the request has one. */
  usesToken(headers: Headers): boolean {
    return this.#token !== undefined && /^Bearer /i.test(headers.get("authorization") ?? "");
  }

  /** Throws `request-token` or `request-forbidden`. */
  check(headers: Headers, address: string): void {
    if (this.#token !== undefined) {
      if (this.#hasToken(headers)) return;
      throw new Refusal("request-token", "the Authorization header must be Bearer and the token", {
        headers: { "www-authenticate": 'Bearer realm="websocket-service"' },
      });
    }
    if (!isLoopbackAddress(address)) {
      throw new Refusal("request-forbidden", "without --service-token only from this machine");
    }
    if (headers.has("origin")) {
      throw new Refusal("request-forbidden", "without --service-token not from a web page");
    }
  }

  /** Both are hashed, so that the time of the comparison tells neither bytes nor length. */
  #hasToken(headers: Headers): boolean {
    const [, given] = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
    const token = this.#token;
    return given !== undefined && token !== undefined && timingSafeEqual(digest(given), token);
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
