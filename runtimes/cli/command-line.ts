import { readFileSync } from "node:fs";
import process from "node:process";
import { ProxyRules } from "../../adapters/http-client/mod.ts";
import { brokerNames } from "../../adapters/mqtt/brokers/mod.ts";
import { SystemClock } from "../../adapters/system/mod.ts";
import { ServiceError } from "../../core/base/mod.ts";
import {
  checkFlag,
  configFlag,
  readFlags,
  readSettings,
  type Settings,
  suggest,
} from "../../core/config/mod.ts";
import { engineOf, type Platform, version, workerCommand } from "../compose/mod.ts";
import { checkWorkers, workersOf } from "../workers/mod.ts";
import { createLogger } from "./create-logger.ts";
import { devDefaults } from "./dev.ts";
import { ExitCode } from "./exit-code.ts";
import { checkBridge, runBridge } from "./run-bridge.ts";
import { runService } from "./run-service.ts";
import { runSupervisor } from "./run-supervisor.ts";
import { runWorker } from "./run-worker.ts";
import {
  adviceOn,
  checkCluster,
  checkIgnored,
  checkPlainGetStatus,
  createAuthorizer,
  readAccessKeys,
  readBrokerLogin,
  readTlsFiles,
  settingInvalid,
  warnOfOpenBroker,
} from "./settings/mod.ts";
import { helpOn } from "./usage.ts";

/** What runs until it is ended. */
const commands = ["dev", "serve", "bridge"] as const;
type Command = (typeof commands)[number];

const validText = "the settings are valid";

/** Runs the program with the words after its name. Ends the process when it is done. */
export async function runCommandLine(words: readonly string[], platform: Platform): Promise<void> {
  const [command, ...rest] = words;
  const help = helpOn(words);
  if (help !== undefined) return leave(help.known ? ExitCode.clean : ExitCode.usage, help.text);
  if (command === "--version") return leave(ExitCode.clean, version);
  if (command === workerCommand && runWorker(platform)) return;
  if (!isCommand(command)) {
    const said = command === undefined ? "no command" : `unknown command ${command}`;
    const near = suggest(command ?? "", [...commands, "help"]);
    const hint = near === undefined ? "" : `did you mean ${near}? `;
    return leave(
      ExitCode.usage,
      `${said}; ${hint}allowed: ${commands.join(", ")}, help, --version`,
    );
  }
  try {
    await start(command, rest, platform);
  } catch (error) {
    if (error instanceof ServiceError) return leave(ExitCode.usage, error.message);
    throw error;
  }
}

function isCommand(word: string | undefined): word is Command {
  return commands.some((command) => command === word);
}

/** Rejects with a `ServiceError` if a setting, or a file that it names, cannot be used. */
async function start(
  command: Command,
  words: readonly string[],
  platform: Platform,
): Promise<void> {
  const flags = readFlags(words);
  const settings = readAll(command, flags);
  checkCombinations(settings, platform);
  checkWorkers(settings, platform);
  if (command !== "serve" && workersOf(settings) > 1) {
    throw settingInvalid(`--workers is for serve: ${command} is one process`);
  }
  if (command === "bridge") checkBridge(settings);
  const { server: serverTls, mqtt: mqttTls, clusterCa } = readTlsFiles(settings);
  if (command === "bridge") {
    if (flags[checkFlag] === "true") return leave(ExitCode.clean, validText);
    return runBridge(settings, { platform, mqttTls, logger: createLogger(settings) });
  }
  const brokerLogin = readBrokerLogin(settings);
  const logger = createLogger(settings);
  const accessKeys = readAccessKeys(settings);
  const authorizer = await createAuthorizer(settings, { clock: new SystemClock(), logger });
  if (command === "serve") warnOfOpenBroker(settings, brokerLogin, logger);
  for (const sentence of adviceOn(settings)) logger.log("warn", "setting-advice", sentence);
  if (flags[checkFlag] === "true") return leave(ExitCode.clean, validText);
  if (workersOf(settings) > 1) {
    return runSupervisor(settings, { platform, mqttTls, brokerLogin, accessKeys, logger });
  }
  // Fetches remote keys now, so that the first clients do not wait for them.
  authorizer?.start();
  const given = {
    platform,
    serverTls,
    mqttTls,
    clusterCa,
    brokerLogin,
    accessKeys,
    logger,
    authorizer,
  };
  await runService(settings, given, { example: command === "dev" });
}

/** Writes the text and ends the process once it is written. */
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

/** Refuses values that are allowed alone and not in combination. */
function checkCombinations(settings: Settings, platform: Platform): void {
  const { broker, origin } = settings;
  // The proxies to these origins are read here too, so that a wrong one is wrong usage.
  if (origin.length > 0) ProxyRules.ofEnvironment(process.env);
  if (broker !== "embedded" && broker !== "none") brokerNames(broker);
  checkCluster(settings);
  checkIgnored(settings);
  checkPlainGetStatus(settings);
  if (!settings["proxy-protocol"]) return;
  if (engineOf(platform, settings.engine) === "native") {
    throw settingInvalid(
      "--proxy-protocol needs --engine wasm: the runtime's own server cannot read a PROXY header",
    );
  }
  if (settings["tls-cert"] !== "") {
    throw settingInvalid(
      "--proxy-protocol and --tls-cert exclude each other: end TLS at the proxy",
    );
  }
  if (settings["trusted-proxies"].length === 0) {
    throw settingInvalid(
      "--proxy-protocol needs --trusted-proxies: the addresses that may send the header",
    );
  }
}

function readConfigFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    // The runtime's own message repeats the path, which may be a misplaced URL with a password.
    const scheme = path.indexOf("//");
    const host = path.lastIndexOf("@");
    const isUrl = scheme >= 0 && scheme < host;
    const shown = isUrl ? `${path.slice(0, scheme)}//…${path.slice(host)}` : path;
    const reason = (error as NodeJS.ErrnoException).code ?? "not JSON";
    throw settingInvalid(`--config: ${shown} cannot be read as a JSON file: ${reason}`, error);
  }
}
