/** The token of an `Authorization` header (RFC 6750, 2.1); undefined if there is none. */
export function bearerOf(headers: Headers): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}

/** Whether a request says that it has a token, even if it is malformed. */
export function saysBearer(headers: Headers): boolean {
  return /^Bearer /i.test(headers.get("authorization") ?? "");
}
