import { isLoopbackAddress } from "../../../core/base/mod.ts";
import { bearerOf, Refusal, saysBearer } from "../../http/mod.ts";
import { Secret } from "../../system/mod.ts";

/**
 * Who may send requests: programs that know the token; without a token, programs on this machine,
 * but no web pages.
 */
export class Access {
  readonly #token: Secret | undefined;

  /** `token` is empty if there is none. */
  constructor(token: string) {
    this.#token = token === "" ? undefined : new Secret(token);
  }

  /** Whether a token is required and the request has one. */
  usesToken(headers: Headers): boolean {
    return this.#token !== undefined && saysBearer(headers);
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

  #hasToken(headers: Headers): boolean {
    const given = bearerOf(headers);
    return given !== undefined && this.#token?.equals(given) === true;
  }
}
