/** What tokens are looked for, how they are checked, and what they grant. Empty: not set. */
export interface JwtOptions {
  /**
   * Where a token may stand, in the order in which it is looked for: `header` (`Authorization:
   * Bearer`), `query:NAME`, `cookie:NAME`, `subprotocol:PREFIX` (an offered subprotocol that
   * begins so; what follows is the token).
   */
  readonly sources: readonly string[];
  /** For HS256: at least 32 bytes (RFC 7518, 3.2). */
  readonly secret?: string | Uint8Array | undefined;
  /** One or more public keys as `-----BEGIN PUBLIC KEY-----`; private ones are refused. */
  readonly publicKeyPem?: string | undefined;
  /** `http(s)://`; a user and password in it are sent as `Authorization: Basic`. */
  readonly jwksUrl?: string | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  /** Of these, the ones that a key is there for. */
  readonly algorithms: readonly string[];
  /** Claim with the user's name; without it, or where this is empty, there is no user. */
  readonly userClaim: string;
  /** Claim with an array of group names, or one text with spaces between; empty: none. */
  readonly groupsClaim: string;
  /** How far the clocks of issuers and nodes may be apart; not at all where it is left out. */
  readonly clockToleranceMs?: number | undefined;
  /** Refuses a token without `exp`; otherwise its connection has no end of that kind. */
  readonly expiryRequired?: boolean | undefined;
}
