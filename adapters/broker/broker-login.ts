import { createHash, timingSafeEqual } from "node:crypto";

/** The one user that the embedded broker knows. */
export interface BrokerLogin {
  readonly user: string;
  readonly password: string;
}

function digest(text: string | Uint8Array): Buffer {
  return createHash("sha256").update(text).digest();
}

/**
 * Returns what says whether a CONNECT's user and password are those. Digests are compared, each in
 * full: neither the length nor the number of right characters shows in the time that it takes.
 */
export function checkLogin(
  login: BrokerLogin,
): (user: string | undefined, password: Uint8Array | undefined) => boolean {
  const [rightUser, rightPassword] = [digest(login.user), digest(login.password)];
  return (user = "", password = new Uint8Array(0)) => {
    const userFits = timingSafeEqual(digest(user), rightUser);
    const passwordFits = timingSafeEqual(digest(password), rightPassword);
    return userFits && passwordFits;
  };
}
