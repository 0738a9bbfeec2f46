import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ErrorCode } from "../../../core/base/mod.ts";
import { outputOf } from "../../support/deploy/output-of.ts";
import { readPage, tableRows, unquoted } from "../../support/docs/docs.ts";
import { skipWithout } from "../../support/process/spawn.ts";

const prometheus = "examples/deploy/prometheus";
const rules = `${prometheus}/alerts.yml`;
const skip = skipWithout("promtool");

const folder = mkdtempSync(join(tmpdir(), "wss-rules-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; w: number; h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

const dashboardFile = "examples/deploy/grafana/dashboard.json";
const panels: readonly Panel[] = JSON.parse(readFileSync(dashboardFile, "utf8")).panels;
const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

test("promtool takes the rules, and each one fires when it should and is silent else", {
  skip,
}, async () => {
  await outputOf("promtool", ["check", "config", `${prometheus}/prometheus.yml`]);
  await outputOf("promtool", ["check", "rules", "--lint-fatal", rules]);
  const tests = `${prometheus}/alerts.test.yml`;
  await outputOf("promtool", ["test", "rules", tests]);
  const names = [...readFileSync(rules, "utf8").matchAll(/- alert: (\w+)/g)].map(
    ([, name]) => name,
  );
  assert.ok(names.length >= 10);
  const tried = readFileSync(tests, "utf8");
  for (const name of names) {
    assert.match(tried, new RegExp(`eval_time: \\S+, alertname: ${name} }`), `${name} is silent`);
    assert.match(tried, new RegExp(`alertname: ${name}\\n +exp_alerts:`), `${name} fires`);
  }
});

test("the dashboard's queries are PromQL", { skip }, async () => {
  const recorded = queries.map((expr, index) => {
    const filled = expr.replaceAll("$__rate_interval", "1m").replaceAll(/\$\w+/g, "x");
    return { record: `panel:${index}`, expr: filled };
  });
  assert.ok(recorded.length >= 20);
  const file = join(folder, "panels.json");
  // JSON is YAML too.
  writeFileSync(file, JSON.stringify({ groups: [{ name: "panels", rules: recorded }] }));
  await outputOf("promtool", ["check", "rules", file]);
});

test("rules and dashboard name metrics, codes and causes that are documented", () => {
  const metrics = new Set(
    tableRows("docs/operating", "name").map(([name = ""]) => unquoted(name)),
  );
  const causes = readPage("docs/protocol/events.md");
  const adapter = readFileSync("examples/deploy/kubernetes/prometheus-adapter.yaml", "utf8");
  const scaling = readFileSync("examples/deploy/kubernetes/scaling.yaml", "utf8");
  const texts = [readFileSync(rules, "utf8"), adapter, scaling, ...queries];
  for (const text of texts) {
    for (const [name] of text.matchAll(/\bwss_[a-z_]+/g)) {
      const base = name.replace(/_(bucket|sum|count)$/, "");
      assert.ok(metrics.has(name) || metrics.has(base), `${name} is no metric`);
    }
    for (const [, codes = ""] of text.matchAll(/code=~?"([^"]+)"/g)) {
      for (const code of codes.split("|")) assert.ok(Object.hasOwn(ErrorCode, code), code);
    }
    for (const [, cause = ""] of text.matchAll(/cause="([^"]+)"/g)) {
      assert.ok(causes.includes(`\`${cause}\``), `${cause} is no cause`);
    }
  }
});

test("the dashboard's panels have numbers of their own, and do not overlap", () => {
  const numbers = panels.map(({ id }) => id);
  assert.deepEqual(numbers, [...new Set(numbers)]);
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        const at = `${x},${y}`;
        assert.equal(taken.get(at), undefined, `${title} lies on ${taken.get(at)}`);
        taken.set(at, title);
      }
    }
  }
});
