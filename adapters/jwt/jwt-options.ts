import type { Clock, Logger } from "../../core/ports/mod.ts";

export interface JwtPorts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Where tokens are looked for, how they are checked and what they grant. Empty means not set. */
export interface JwtOptions {
  /**
   * Where a token is looked for, in this order: `header` (`Authorization: Bearer`), `query:NAME`,
   * `cookie:NAME`, `subprotocol:PREFIX` (an offered subprotocol; the token follows the prefix).
   */
  readonly sources: readonly string[];
  /** The key of HS256, at least 32 bytes (RFC 7518, 3.2). */
  readonly secret?: string | Uint8Array | undefined;
  /** The setting that gave it, for what is said of it. */
  readonly secretSetting?: "jwt-secret" | "jwt-secret-file";
  /** One or more `-----BEGIN PUBLIC KEY-----`; a private key is refused. */
  readonly publicKeyPem?: string | undefined;
  /** An `http(s)://` URL. Its user and password are sent as `Authorization: Basic`. */
  readonly jwksUrl?: string | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  /** Accepted signature algorithms. Only those with a key count. */
  readonly algorithms: readonly string[];
  /** The claim with the user's name. A connection whose token lacks it has no user. */
  readonly userClaim: string;
  /** The claim with the group names: an array, or a text with spaces between the names. */
  readonly groupsClaim: string;
  /** Allowed difference between the clocks of the issuer and the node, in ms. Default: 0. */
  readonly clockToleranceMs?: number | undefined;
  /** Refuse a token without `exp`, whose connection would never expire. Default: false. */
  readonly expiryRequired?: boolean | undefined;
}
