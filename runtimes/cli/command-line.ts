import { readFileSync } from "node:fs";
import process from "node:process";
import type { BrokerLogin } from "../../adapters/broker/mod.ts";
import type { JwtAuthorizer } from "../../adapters/jwt/mod.ts";
import { JsonLogger, LogLimiter, PrettyLogger } from "../../adapters/log/mod.ts";
import { parseBrokerUrl } from "../../adapters/mqtt/mod.ts";
import { SystemClock } from "../../adapters/system/mod.ts";
import { limits, ServiceError } from "../../core/base/mod.ts";
import {
  checkFlag,
  configFlag,
  readFlags,
  readSettings,
  type Settings,
  suggest,
} from "../../core/config/mod.ts";
import type { Page } from "../../core/mod.ts";
import type { Logger } from "../../core/ports/mod.ts";
import {
  engineOf,
  type Platform,
  Service,
  type ServiceDependencies,
  version,
} from "../compose/mod.ts";
import { readBrokerLogin, warnOfOpenBroker } from "./broker-login.ts";
import { createAuthorizer } from "./create-authorizer.ts";
import { devDefaults, devPages, startDevOrigin } from "./dev.ts";
import { adviceOn } from "./setting-advice.ts";
import { readTlsFiles, type TlsFiles } from "./tls-files.ts";
import { helpOn } from "./usage.ts";

/** The contract's exit codes. */
const ExitCode = { clean: 0, failure: 1, usage: 2 } as const;

type Command = "dev" | "serve";

/** Runs the program with the words after its name. Ends the process when it is done. */
export async function runCommandLine(words: readonly string[], platform: Platform): Promise<void> {
  const [command, ...rest] = words;
  const help = helpOn(words);
  if (help !== undefined) return leave(help.known ? ExitCode.clean : ExitCode.usage, help.text);
  if (command === "--version") return leave(ExitCode.clean, version);
  if (command !== "dev" && command !== "serve") {
    const said = command === undefined ? "no command" : `unknown command ${command}`;
    const near = suggest(command ?? "", ["dev", "serve", "help"]);
    const hint = near === undefined ? "" : `did you mean ${near}? `;
    return leave(ExitCode.usage, `${said}; ${hint}allowed: dev, serve, help, --version`);
  }
  let settings: Settings;
  let tls: TlsFiles;
  let brokerLogin: BrokerLogin | undefined;
  let authorizer: JwtAuthorizer | undefined;
  let logger: Logger;
  const flags: Record<string, string> = {};
  try {
    Object.assign(flags, readFlags(rest));
    settings = readAll(command, flags);
    checkTogether(settings, platform);
    tls = readTlsFiles(settings);
    brokerLogin = readBrokerLogin(settings);
    logger = createLogger(settings);
    authorizer = await createAuthorizer(settings, { clock: new SystemClock(), logger });
  } catch (error) {
    if (error instanceof ServiceError) return leave(ExitCode.usage, error.message);
    throw error;
  }
  if (command === "serve") warnOfOpenBroker(settings, brokerLogin, logger);
  for (const sentence of adviceOn(settings)) logger.log("warn", "setting-advice", sentence);
  if (flags[checkFlag] === "true") return leave(ExitCode.clean, "the settings are right");
  // So that no client waits for keys that are a network away.
  authorizer?.start();
  const { server: serverTls, mqtt: mqttTls } = tls;
  await run(command, settings, {
    platform,
    serverTls,
    mqttTls,
    brokerLogin,
    logger,
    authorizer,
  });
}

function createLogger(settings: Settings): Logger {
  const format = settings["log-format"];
  const pretty = format === "pretty" || (format === "auto" && process.stdout.isTTY === true);
  const write = (line: string): void => void process.stdout.write(line);
  const options = { level: settings["log-level"], write, now: Date.now };
  const colour = pretty && process.stdout.isTTY === true;
  const logger = pretty ? new PrettyLogger({ ...options, colour }) : new JsonLogger(options);
  return new LogLimiter(logger, new SystemClock(), limits.logLinesPerSecondMax);
}

function leave(code: number, text: string): void {
  const stream = code === ExitCode.clean ? process.stdout : process.stderr;
  stream.write(`${text}\n`, () => process.exit(code));
}

function readAll(command: Command, flags: Readonly<Record<string, string>>): Settings {
  const environment = process.env;
  const path = flags[configFlag] ?? environment.WSS_CONFIG;
  const file = path === undefined ? undefined : readConfigFile(path);
  const defaults = command === "dev" ? devDefaults : {};
  return readSettings({ flags, environment, file, defaults });
}

/** What is allowed by itself, and not together. */
function checkTogether(settings: Settings, platform: Platform): void {
  if (settings.broker !== "embedded") parseBrokerUrl(settings.broker);
  if (!settings["proxy-protocol"]) return;
  const wrong = (message: string): ServiceError => new ServiceError("setting-invalid", message);
  if (engineOf(platform, settings.engine) === "native") {
    throw wrong("--proxy-protocol needs --engine wasm: a native server takes no PROXY header");
  }
  if (settings["tls-cert"] !== "") {
    throw wrong("--proxy-protocol does not go together with --tls-cert: end TLS at the proxy");
  }
  if (settings["trusted-proxies"].length === 0) {
    throw wrong(
      "--proxy-protocol needs --trusted-proxies: the addresses that may send the header",
    );
  }
}

function readConfigFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    // The runtime's own reason repeats the path, which may be a URL with a password, misplaced.
    const [scheme, host] = [path.indexOf("//"), path.lastIndexOf("@")];
    const isUrl = scheme >= 0 && scheme < host;
    const shown = isUrl ? `${path.slice(0, scheme)}//…${path.slice(host)}` : path;
    const reason = (error as NodeJS.ErrnoException).code ?? "not JSON";
    const message = `--config: ${shown} cannot be read as a JSON file: ${reason}`;
    throw new ServiceError("setting-invalid", message, { cause: error });
  }
}

async function run(
  command: Command,
  settings: Settings,
  parts: Omit<ServiceDependencies, "pages">,
): Promise<void> {
  const { logger, platform } = parts;
  const pages: ReadonlyMap<string, Page> = command === "dev" ? devPages : new Map();
  const service = new Service(settings, { ...parts, pages });
  const cleanUps: (() => Promise<void> | void)[] = [];
  const fail = (error: unknown): void => {
    tellFailure(logger, error);
    process.exit(ExitCode.failure);
  };
  service.fail = fail;
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  const stop = stopOnSignals(service, logger, cleanUps);
  process.on("SIGHUP", () => {
    if (parts.serverTls !== undefined) void reload(service, logger);
    // The terminal is gone, and nobody else would end what was started there.
    else if (process.stdout.isTTY === true) stop("SIGHUP");
    else logger.log("info", "hangup-ignored", "SIGHUP: there is no --tls-cert to read anew");
  });
  try {
    await service.start();
    if (command === "dev") cleanUps.push(await startDevOrigin(service, platform, logger));
  } catch (error) {
    fail(error);
  }
}

/** Where anything is wrong with the files, the certificate stays what it was. */
async function reload(service: Service, logger: Logger): Promise<void> {
  try {
    const { server } = readTlsFiles(service.settings);
    if (server !== undefined && (await service.reloadTls(server))) {
      logger.log("info", "tls-reloaded", "new clients get the new certificate");
    } else {
      const message = "this engine takes a new certificate at its next start only";
      logger.log("warn", "tls-reload-failed", message, { code: "tls-invalid" });
    }
  } catch (error) {
    const { message } = error as Error;
    logger.log("error", "tls-reload-failed", message, { code: "tls-invalid" });
  }
}

function tellFailure(logger: Logger, error: unknown): void {
  if (error instanceof ServiceError) {
    logger.log("error", "failed", error.message, { code: error.code });
  } else {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    logger.log("error", "failed", message, { code: "internal", stack });
  }
}

function stopOnSignals(
  service: Service,
  logger: Logger,
  cleanUps: readonly (() => Promise<void> | void)[],
): (signal: string) => void {
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) {
      logger.log("warn", "stopped", `${signal} again: ending at once`);
      process.exit(ExitCode.failure);
    }
    stopping = true;
    logger.log("info", "stopping", `${signal}: draining`);
    await service.drain();
    // An origin that is started along with the gateway confirms until here, and leaves before the
    // broker does.
    for (const cleanUp of cleanUps) await cleanUp();
    await service.stop();
    logger.log("info", "stopped", "clean");
    process.exit(ExitCode.clean);
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
  return (signal) => void stop(signal);
}
