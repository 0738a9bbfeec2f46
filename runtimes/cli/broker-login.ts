import { readFileSync } from "node:fs";
import type { BrokerLogin } from "../../adapters/broker/mod.ts";
import { ServiceError } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import type { Logger } from "../../core/ports/mod.ts";

function wrong(message: string, cause?: unknown): ServiceError {
  return new ServiceError("setting-invalid", message, { cause });
}

function passwordOf(settings: Settings): string {
  const path = settings["broker-password-file"];
  if (path === "") return settings["broker-password"];
  if (settings["broker-password"] !== "") {
    throw wrong("--broker-password and --broker-password-file: give one of the two");
  }
  try {
    const password = readFileSync(path, "utf8").replace(/\r?\n$/, "");
    if (password !== "") return password;
  } catch (cause) {
    const { code = "unreadable" } = cause as NodeJS.ErrnoException;
    throw wrong(`--broker-password-file: ${path} cannot be read (${code})`, cause);
  }
  throw wrong(`--broker-password-file: ${path} is empty`);
}

/** Whether only programs on this machine reach an address. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Who may connect to the embedded broker; undefined where everybody may, and where the broker is
 * another. Throws `setting-invalid` where that would be everybody in the network.
 */
export function readBrokerLogin(settings: Settings): BrokerLogin | undefined {
  const user = settings["broker-user"];
  const password = passwordOf(settings);
  if (settings.broker !== "embedded") {
    if (user === "" && password === "") return undefined;
    const use = "are of the embedded broker: put user and password of another into --broker";
    throw wrong(`--broker-user and --broker-password ${use}`);
  }
  if (user !== "" && password !== "") return { user, password };
  if (user !== "") throw wrong("--broker-user needs --broker-password, or -file");
  if (password !== "") throw wrong("--broker-password needs --broker-user");
  const host = settings["broker-host"];
  if (isLoopback(host)) return undefined;
  const open = "everybody who reaches it could read all events and send commands";
  const needs = "set --broker-user and --broker-password-file, or WSS_BROKER_PASSWORD";
  throw wrong(`--broker-host ${host}: the embedded broker is open, and ${open}: ${needs}`);
}

/** One line that says who can connect to an embedded broker without a password. */
export function warnOfOpenBroker(
  settings: Settings,
  login: BrokerLogin | undefined,
  logger: Logger,
): void {
  if (settings.broker !== "embedded" || login !== undefined) return;
  const who = "every program of every user on this machine can connect to the embedded broker";
  const what = "read all events and send commands";
  const set = "where that is too many, set --broker-user and --broker-password-file";
  logger.log("warn", "broker-open", `${who}, ${what}; ${set}`, { host: settings["broker-host"] });
}
