import { availableParallelism } from "node:os";
import { brokerUrls } from "../../adapters/mqtt/brokers/mod.ts";
import { limits, ServiceError } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import type { Platform } from "../compose/mod.ts";

/** Characters that a name at the broker may have. */
const nameCharactersMax = 32;

/** How many workers `--workers` asks for; 1: this process alone. */
export function workersOf({ workers }: Settings): number {
  return workers || Math.min(availableParallelism(), limits.workersMax);
}

/** Throws `setting-invalid` if the settings, or this system, do not go with workers. */
export function checkWorkers(settings: Settings, { workers }: Platform): void {
  const count = workersOf(settings);
  if (count === 1) return;
  if (workers.refusal !== undefined) throw invalid(workers.refusal);
  checkShares(settings);
  for (const name of ["node-name", "origin-name"] as const) {
    const longest = nameOf(settings[name], count - 1);
    if (longest === undefined || longest.length <= nameCharactersMax) continue;
    throw invalid(
      `--${name} ${settings[name]}: the last of ${count} workers would be ${longest}, and a ` +
        `name has at most ${nameCharactersMax} characters`,
    );
  }
}

/** Throws `setting-invalid` if there are fewer connections than workers to divide them over. */
export function checkShares(settings: Settings): void {
  const count = workersOf(settings);
  const max = settings["max-connections"];
  if (max >= count) return;
  throw invalid(
    `--max-connections ${max} with --workers ${count}: it is divided over the workers, and ` +
      "each of them needs one at least",
  );
}

/** What only the supervisor knows. */
export interface WorkerPlace {
  readonly worker: number;
  /** That of the supervisor: workers add their number. */
  readonly node: string;
  /** The client port that all of them share. */
  readonly port: number;
  /** The broker's URL; the embedded broker runs in the supervisor. */
  readonly brokerUrl: string;
}

/**
 * The settings of one worker: a node with a name of its own, and with its share of
 * `--max-connections`. Admin port, service port and embedded broker are the supervisor's.
 */
export function workerSettings(settings: Settings, place: WorkerPlace): Settings {
  const { worker, node, port, brokerUrl } = place;
  const isEmbedded = settings.broker === "embedded";
  return {
    ...settings,
    workers: 1,
    "node-name": `${node}-${worker}`,
    "origin-name": nameOf(settings["origin-name"], worker) ?? "",
    port,
    "service-port": undefined,
    broker: loggedInAs(`${node}-${worker}`, node, brokerUrl),
    "broker-user": "",
    "broker-password": "",
    "broker-password-file": "",
    // The embedded broker speaks 3.1.1 alone.
    "mqtt-version": isEmbedded ? "4" : settings["mqtt-version"],
    "max-connections": shareOf(settings["max-connections"], workersOf(settings)),
  };
}

function nameOf(name: string, worker: number): string | undefined {
  return name === "" ? undefined : `${name}-${worker}`;
}

/**
 * The broker's URL, or several. Access rules bind a node's topics to a user of its name: if the
 * user is the supervisor's name, each worker has its own.
 */
function loggedInAs(worker: string, node: string, list: string): string {
  return brokerUrls(list)
    .map((url) => {
      const [scheme, credentials, ...rest] = url.split(/\/\/|@/);
      const [user, ...password] = credentials?.split(":") ?? [];
      if (rest.length === 0 || user !== node) return url;
      return `${scheme}//${[worker, ...password].join(":")}@${rest.join("@")}`;
    })
    .join(",");
}

/** The default means as many as possible, of each. */
function shareOf(connectionsMax: number, workers: number): number {
  if (connectionsMax === limits.connectionsCeiling) return connectionsMax;
  return Math.ceil(connectionsMax / workers);
}

function invalid(message: string): ServiceError {
  return new ServiceError("setting-invalid", message);
}
