import assert from "node:assert/strict";
import { test } from "node:test";
import { commandsOf, GuideRun, guides, skipGuides } from "../../support/docs/guide.ts";
import { findProgram } from "../../support/process/spawn.ts";

/** Programs of Debian that commands of guides begin with. */
const programs = ["kustomize", "promtool", "systemd-analyze"];

for (const page of guides.filter((name) => commandsOf(name).length > 0)) {
  test(`the commands of ${page} run, in their order`, { skip: skipGuides() }, async (context) => {
    const commands = commandsOf(page);
    const missing = programs.filter((name) => findProgram(name) === undefined);
    const known = commands.filter((line) => !missing.includes(line.split(" ")[0] ?? ""));
    await using guide = new GuideRun();
    await guide.start();
    for (const command of known) await guide.run(command);
    if (known.length < commands.length) context.diagnostic(`not installed: ${missing.join(", ")}`);
    assert.ok(known.length > 0);
  });
}
