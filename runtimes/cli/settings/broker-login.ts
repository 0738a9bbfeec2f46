import type { BrokerLogin } from "../../../adapters/embedded-broker/mod.ts";
import { isLoopbackHost } from "../../../core/base/mod.ts";
import type { Settings } from "../../../core/config/mod.ts";
import type { Logger } from "../../../core/ports/mod.ts";
import { readSecretFile, settingInvalid } from "./read-file.ts";

/** The password of the embedded broker, from the setting or from the file; empty without one. */
function passwordOf(settings: Settings): string {
  const path = settings["broker-password-file"];
  if (path !== "" && settings["broker-password"] !== "") {
    throw settingInvalid("--broker-password and --broker-password-file exclude each other");
  }
  const password = readSecretFile("broker-password-file", path);
  if (password === "") throw settingInvalid(`--broker-password-file: ${path} is empty`);
  return password ?? settings["broker-password"];
}

/**
 * The user and password of the embedded broker; undefined if it asks for none, or where the
 * node uses another broker. Throws `setting-invalid` if an embedded broker that other machines
 * reach would have no password.
 */
export function readBrokerLogin(settings: Settings): BrokerLogin | undefined {
  const user = settings["broker-user"];
  const password = passwordOf(settings);
  if (settings.broker !== "embedded") {
    if (user === "" && password === "") return undefined;
    throw settingInvalid(
      "--broker-user and --broker-password are for the embedded broker alone: write user and " +
        "password of another broker into --broker",
    );
  }
  if (user !== "" && password !== "") return { user, password };
  if (user !== "")
    throw settingInvalid("--broker-user needs --broker-password or --broker-password-file");
  if (password !== "") throw settingInvalid("--broker-password needs --broker-user");
  const host = settings["broker-host"];
  if (isLoopbackHost(host)) return undefined;
  throw settingInvalid(
    `--broker-host ${host}: without a password everybody who reaches the embedded broker could ` +
      "read all events and send commands: set --broker-user and --broker-password-file, or " +
      "WSS_BROKER_PASSWORD",
  );
}

/** Warns that an embedded broker without a password is open to every program on this machine. */
export function warnOfOpenBroker(
  settings: Settings,
  login: BrokerLogin | undefined,
  logger: Logger,
): void {
  if (settings.broker !== "embedded" || login !== undefined) return;
  const message =
    "the embedded broker has no password: every program of every user on this machine can " +
    "connect to it, read all events and send commands; set --broker-user and " +
    "--broker-password-file if that is not intended";
  logger.log("warn", "broker-open", message, { host: settings["broker-host"] });
}
