import {
  type AddressRange,
  isInRanges,
  isLoopbackAddress,
  parseAddressRange,
} from "../../core/base/mod.ts";
import { bearerOf, Refusal, type RequestSource } from "../http/mod.ts";
import { Secret } from "../system/mod.ts";
import { adminLimits } from "./admin-limits.ts";

/** To look, or to change something as well. */
export type Right = "read" | "act";

export interface AccessOptions {
  /** The admin port listens on this machine alone. */
  readonly isLocal: boolean;
  /** The token of those who may act; empty: none. */
  readonly token: string;
  /** The token of those who may read; empty: none. */
  readonly readToken: string;
  /** The header in which a proxy names the user; empty: none. */
  readonly userHeader: string;
  /** The proxies whose header counts: addresses, and ranges in CIDR notation. */
  readonly proxies: readonly string[];
  /** The users who may act; `*` is every one. Others may read. */
  readonly actors: readonly string[];
}

/** Who sends a request, and what it may do. */
export interface Visitor {
  /** For the log: a user's name, `admin-token`, `admin-read-token` or `local`. */
  readonly name: string;
  readonly mayAct: boolean;
}

type Asked = Pick<RequestSource, "address" | "rawHeaders">;

/**
 * Who may use the admin port: who knows a token, or whom a trusted proxy names. With neither of
 * these, programs on this machine may do everything if the port is on this machine alone.
 */
export class AdminAccess {
  readonly #options: AccessOptions;
  readonly #token: Secret | undefined;
  readonly #readToken: Secret | undefined;
  readonly #proxies: readonly AddressRange[];

  constructor(options: AccessOptions) {
    const { token, readToken, proxies } = options;
    this.#options = options;
    this.#token = token === "" ? undefined : new Secret(token);
    this.#readToken = readToken === "" ? undefined : new Secret(readToken);
    this.#proxies = proxies.map(parseAddressRange).filter((range) => range !== undefined);
  }

  /** Whether anybody has a right. */
  get isOpen(): boolean {
    return this.#options.isLocal || this.#hasRules;
  }

  /** Who it is, whatever it may do. Throws `request-token` or `request-forbidden`. */
  identify(headers: Headers, source: Asked): Visitor {
    this.#checkPage(headers);
    return this.#visitor(headers, source);
  }

  get #hasRules(): boolean {
    return this.#hasTokens || this.#options.userHeader !== "";
  }

  get #hasTokens(): boolean {
    return this.#token !== undefined || this.#readToken !== undefined;
  }

  #visitor(headers: Headers, source: Asked): Visitor {
    if (!this.#hasRules) return this.#local(headers);
    const given = bearerOf(headers);
    if (given !== undefined) {
      if (this.#token?.equals(given)) return { name: "admin-token", mayAct: true };
      if (this.#readToken?.equals(given)) return { name: "admin-read-token", mayAct: false };
    }
    const user = this.#userOf(source);
    if (user !== undefined) {
      const { actors } = this.#options;
      return { name: user, mayAct: actors.includes(user) || actors.includes("*") };
    }
    // A browser must not ask for a token where none would do.
    if (!this.#hasTokens) throw new Refusal("request-forbidden", this.#whatWouldDo());
    throw new Refusal("request-token", this.#whatWouldDo(), {
      headers: { "www-authenticate": 'Bearer realm="websocket-service"' },
    });
  }

  /** What a request must have, which depends on the rules. */
  #whatWouldDo(): string {
    const { userHeader } = this.#options;
    const ways: string[] = [];
    if (this.#hasTokens) {
      ways.push("the Authorization header must be Bearer and a token");
    }
    if (userHeader !== "") {
      ways.push(
        this.#proxies.length === 0
          ? `no proxy may send the header ${userHeader}: the node needs --admin-proxies`
          : `a proxy of --admin-proxies must send the header ${userHeader} once, with a user`,
      );
    }
    return ways.join(", or ");
  }

  /** Nobody needs a token: a page of another host must not get at it by a name of its own. */
  #local(headers: Headers): Visitor {
    if (!this.#options.isLocal) {
      const flags = "--admin-token, --admin-read-token or --admin-user-header";
      throw new Refusal("request-forbidden", `beyond this machine the node needs ${flags}`);
    }
    if (!isLocalHost(headers.get("host") ?? "")) {
      throw new Refusal("request-forbidden", "the Host header must name this machine");
    }
    return { name: "local", mayAct: true };
  }

  /** The one header of a trusted proxy; undefined if there is another number of them. */
  #userOf({ address, rawHeaders }: Asked): string | undefined {
    const { userHeader } = this.#options;
    if (userHeader === "" || !isInRanges(address, this.#proxies)) return undefined;
    const name = userHeader.toLowerCase();
    const values = rawHeaders.filter(
      (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name,
    );
    const [user = "", ...more] = values;
    const isName = user !== "" && user.length <= adminLimits.userCharsMax;
    return isName && more.length === 0 ? user : undefined;
  }

  /** A browser says which page a request comes from: that of another host has no business here. */
  #checkPage(headers: Headers): void {
    const site = headers.get("sec-fetch-site");
    if (site !== null) {
      if (site === "same-origin" || site === "none") return;
      throw new Refusal("request-forbidden", "the request comes from a page of another host");
    }
    const originHeader = headers.get("origin");
    if (originHeader === null) return;
    const host = URL.canParse(originHeader) ? new URL(originHeader).host : "";
    if (host !== "" && host === headers.get("host")?.toLowerCase()) return;
    throw new Refusal("request-forbidden", "the request comes from a page of another host");
  }
}

/** Throws `request-forbidden` if the visitor does not have the right. */
export function permit({ name, mayAct }: Visitor, right: Right): void {
  if (right === "act" && !mayAct) {
    throw new Refusal("request-forbidden", `${name} may read, but not act`);
  }
}

/** `localhost`, or an address of this machine, with or without a port. */
function isLocalHost(host: string): boolean {
  if (!URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  const name = hostname.replace(/^\[|\]$/g, "");
  return name === "localhost" || isLoopbackAddress(name);
}
