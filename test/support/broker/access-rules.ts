import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blocksOf } from "../docs/docs.ts";
import { Mosquitto } from "./mosquitto.ts";

/** Everybody's password. */
export const word = "word";

/** A block of the rules that the docs show, for a user of another name. */
function blockOf(role: string, name: string): string[] {
  const shown = blocksOf("docs/operating").find(({ subject }) => subject === "acl");
  const lines = shown?.body.split("\n").filter((line) => !line.startsWith("#")) ?? [];
  const from = lines.indexOf(`user ${role}`);
  assert.ok(from >= 0, `the docs show no rules of ${role}`);
  const rules = lines.slice(from + 1);
  const end = rules.findIndex((line) => line.startsWith("user "));
  const block = [lines[from] as string, ...(end < 0 ? rules : rules.slice(0, end))];
  return block.map((line) => line.replaceAll(role, name));
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
 * mosquitto with the rules of the docs for two nodes, two origins and a device; `admin` may do
 * everything. With `strict` it ends the connection of whoever publishes in vain.
 */
export async function startGuardedBroker(strict: boolean): Promise<GuardedBroker> {
  const directory = await mkdtemp(join(tmpdir(), "wss-guarded-"));
  const roles = { "edge-1": "edge-1", "edge-2": "edge-1", "shop-1": "shop-1", "shop-2": "shop-1" };
  const rules = ["user admin", "topic readwrite #"];
  const names = { ...roles, "sensor-1": "sensor-1" };
  for (const [name, role] of Object.entries(names)) rules.push(...blockOf(role, name));
  const write = (): Promise<void> =>
    writeFile(join(directory, "acl"), `${rules.join("\n")}\n`, { mode: 0o600 });
  await write();
  const users = Object.fromEntries(["admin", ...Object.keys(names)].map((name) => [name, word]));
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
