import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../../../../../core/base/mod.ts";
import { readSettings, type Settings } from "../../../../../core/config/mod.ts";
import { type LoadedFiles, TlsFault } from "../../../../../runtimes/cli/programs/node-reload.ts";
import { SettingsReload } from "../../../../../runtimes/cli/programs/settings-reload.ts";
import { MemoryLogger } from "../../../../support/memory/mod.ts";
import { settled } from "../../../../support/memory-node/memory-node.ts";

function settingsOf(flags: Readonly<Record<string, string>>): Settings {
  return readSettings({ flags, environment: {}, file: undefined, defaults: {} });
}

/** A node that notes what is done to it, and a file whose settings are the test's. */
class Rig {
  file: Readonly<Record<string, string>> = {};
  readonly steps: string[] = [];
  readonly logger: MemoryLogger = new MemoryLogger();
  /** What reading the files waits for, or fails with. */
  load: () => Promise<void> = async () => {};
  apply: () => Promise<void> = async () => {};
  readonly #reload: SettingsReload;

  constructor(flags: Readonly<Record<string, string>> = {}) {
    const steps = {
      read: () => {
        this.steps.push("read");
        return settingsOf(this.file);
      },
      load: async () => {
        await this.load();
        this.steps.push("load");
        return {} as LoadedFiles;
      },
      apply: async ({ "max-connections": max }: Settings) => {
        await this.apply();
        this.steps.push(`apply ${max}`);
        return [];
      },
    };
    const first = settingsOf({ "max-connections": "1", ...flags });
    this.#reload = new SettingsReload(first, steps, this.logger);
  }

  async reload(): Promise<unknown> {
    const answer = await this.#reload.reload();
    return answer.reloaded ? answer.changed : answer.code;
  }
}

test("reloads that overlap are done one after the other", async () => {
  const rig = new Rig();
  rig.file = { "max-connections": "2" };
  let go: () => void = () => {};
  rig.load = () => new Promise((resolve) => (go = resolve));
  const first = rig.reload();
  await settled();
  rig.file = { "max-connections": "3" };
  const second = rig.reload();
  await settled();
  assert.deepEqual(rig.steps, ["read"]);
  rig.load = async () => {};
  go();
  assert.deepEqual(await first, ["max-connections: 2, was 1"]);
  assert.deepEqual(await second, ["max-connections: 3, was 2"]);
  assert.deepEqual(rig.steps, ["read", "load", "apply 2", "read", "load", "apply 3"]);
});

test("what could not be applied has not changed, and is tried again", async () => {
  const rig = new Rig();
  rig.file = { "max-connections": "2" };
  rig.apply = async () => {
    throw new ServiceError("setting-invalid", "no");
  };
  assert.equal(await rig.reload(), "setting-invalid");
  rig.load = async () => {
    throw new TypeError("a fault");
  };
  assert.equal(await rig.reload(), "internal");
  rig.load = rig.apply = async () => {};
  assert.deepEqual(await rig.reload(), ["max-connections: 2, was 1"]);
  assert.deepEqual(await rig.reload(), []);
  assert.deepEqual(
    rig.logger.records.map(({ event }) => event),
    ["reload-refused", "reload-refused", "reloaded", "reloaded"],
  );
});

test("what cannot be used of a certificate has an event of its own", async () => {
  const rig = new Rig();
  rig.load = async () => {
    throw new TlsFault("no certificate");
  };
  assert.equal(await rig.reload(), "tls-invalid");
  const told = rig.logger.records.map(({ level, event, fields }) => [level, event, fields?.code]);
  assert.deepEqual(told, [["error", "tls-reload-failed", "tls-invalid"]]);
});

test("fewer connections than the workers that run are refused", async () => {
  const rig = new Rig({ "max-connections": "4", workers: "3" });
  rig.file = { "max-connections": "2" };
  assert.equal(await rig.reload(), "setting-invalid");
  assert.deepEqual(rig.steps, ["read"]);
  rig.file = { "max-connections": "3" };
  assert.deepEqual(await rig.reload(), ["max-connections: 3, was 4"]);
});
