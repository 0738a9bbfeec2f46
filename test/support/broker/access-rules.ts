import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { outputOf } from "../deploy/output-of.ts";
import { Mosquitto } from "./mosquitto.ts";

/** Everybody's password. */
export const word = "word";

/** Who may come in besides `admin`. */
export const memberNames: readonly string[] = ["edge-1", "edge-2", "shop-1", "shop-2", "sensor-1"];
const members = "--nodes edge-1,edge-2 --origins shop-1,shop-2 --devices sensor-1/weather";

/** The rules that `acl` prints for these members, as an operator would call it. */
export function printedRules(broker: string, flags: string = members): Promise<string> {
  const words = ["dist/websocket-service.js", "acl", broker, ...flags.split(" ")];
  return outputOf(process.execPath, words);
}

export interface GuardedBroker {
  readonly broker: Mosquitto;
  /** Publishes and subscriptions that the rules turned away. */
  readonly logFile: string;
  url(user: string): string;
  /** Adds rules of one user. */
  allow(user: string, ...rules: readonly string[]): Promise<void>;
  /** Takes a rule away, from every user who has it. */
  forbid(rule: string): Promise<void>;
  end(): Promise<void>;
}

/**
 * mosquitto with the rules that `acl` prints for two nodes, two origins and a device; `admin` may
 * do everything. With `strict` it ends the connection of whoever publishes in vain.
 */
export async function startGuardedBroker(strict: boolean): Promise<GuardedBroker> {
  const directory = await mkdtemp(join(tmpdir(), "wss-guarded-"));
  const printed = await printedRules("mosquitto");
  const rules = ["user admin", "topic readwrite #", ...printed.split("\n")];
  const write = (): Promise<void> =>
    writeFile(join(directory, "acl"), `${rules.join("\n")}\n`, { mode: 0o600 });
  await write();
  const users = Object.fromEntries(["admin", ...memberNames].map((name) => [name, word]));
  const logFile = join(directory, "log");
  const broker = await Mosquitto.start({
    users,
    config: [
      `acl_file ${join(directory, "acl")}`,
      `log_dest file ${logFile}`,
      "log_type debug",
      ...(strict ? [] : ["max_queued_messages 100000"]),
    ],
  });
  const end = async (): Promise<void> => {
    await broker[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  };
  const allow = async (user: string, ...more: readonly string[]): Promise<void> => {
    rules.push(`user ${user}`, ...more);
    await write();
    broker.reload();
  };
  const forbid = async (rule: string): Promise<void> => {
    const left = rules.filter((line) => line !== rule);
    assert.ok(left.length < rules.length, `nobody has the rule ${rule}`);
    rules.splice(0, rules.length, ...left);
    await write();
    broker.reload();
  };
  return { allow, forbid, broker, logFile, end, url: (user) => broker.url(user, word) };
}
