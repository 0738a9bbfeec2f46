import { createHash, timingSafeEqual } from "node:crypto";

/** The only user of the embedded broker. */
export interface BrokerLogin {
  readonly user: string;
  readonly password: string;
}

function digest(text: string | Uint8Array): Buffer {
  return createHash("sha256").update(text).digest();
}

/**
 * Returns a function that checks the user and password of a CONNECT. It compares digests in full,
 * so its time depends neither on the length nor on the number of right characters.
 */
export function checkLogin(
  login: BrokerLogin,
): (user: string | undefined, password: Uint8Array | undefined) => boolean {
  const rightUser = digest(login.user);
  const rightPassword = digest(login.password);
  return (user = "", password = new Uint8Array(0)) => {
    const userFits = timingSafeEqual(digest(user), rightUser);
    const passwordFits = timingSafeEqual(digest(password), rightPassword);
    return userFits && passwordFits;
  };
}
