import { Secret } from "../system/mod.ts";

/** The only user of the embedded broker. */
export interface BrokerLogin {
  readonly user: string;
  readonly password: string;
}

/** Returns a function that checks the user and password of a CONNECT. Both are compared. */
export function checkLogin(
  login: BrokerLogin,
): (user: string | undefined, password: Uint8Array | undefined) => boolean {
  const rightUser = new Secret(login.user);
  const rightPassword = new Secret(login.password);
  return (user = "", password = new Uint8Array(0)) => {
    const userFits = rightUser.equals(user);
    const passwordFits = rightPassword.equals(password);
    return userFits && passwordFits;
  };
}
