import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { ErrorCode } from "../../../core/base/mod.ts";
import { outputOf } from "../../support/deploy/output-of.ts";
import { readPage, tableRows, unquoted } from "../../support/docs/docs.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { Authority } from "../../support/keys/certificates.ts";
import { JwksServer, json } from "../../support/keys/jwks-server.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";

const prometheus = "examples/deploy/prometheus";
const rules = `${prometheus}/alerts.yml`;
/** What Prometheus scrapes: on one machine, and in a cluster. */
const scrapes = [`${prometheus}/prometheus.yml`, "examples/deploy/kubernetes/prometheus.yml"];
const skip = skipWithout("promtool");

const folder = temporaryFolder();

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; w: number; h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

/** The metrics of the docs, which are those of the code. */
const documented = tableRows("docs/operating", "name").map(([cell = "", about = ""]) => {
  const name = unquoted(cell);
  // The page says: `…_total` are counters, histograms are marked, and the others are gauges.
  const other = about.startsWith("histogram: ") ? "histogram" : "gauge";
  return { name, type: name.endsWith("_total") ? "counter" : other };
});
const histograms = documented.filter(({ type }) => type === "histogram").map(({ name }) => name);

/** The metrics that a text names; of a histogram's series the histogram. */
function namesIn(text: string): string[] {
  const found = text.matchAll(/\b(wss|process|nodejs)_[a-z_]+/g);
  return Array.from(found, ([name]) => {
    const base = name.replace(/_(bucket|sum|count)$/, "");
    return histograms.includes(base) ? base : name;
  });
}

const namedIn = (text: string, pattern: RegExp): string[] =>
  Array.from(text.matchAll(pattern), ([, name = ""]) => name);

const dashboardFile = "examples/deploy/grafana/dashboard.json";
const panels: readonly Panel[] = JSON.parse(readFileSync(dashboardFile, "utf8")).panels;
const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

test("promtool takes the rules, and each one fires when it should and is silent else", {
  skip,
}, async () => {
  for (const file of scrapes) await outputOf("promtool", ["check", "config", file]);
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

test("each job that the alarms name is scraped, on one machine and in a cluster", () => {
  const jobs = new Set(namedIn(readFileSync(rules, "utf8"), /\bjob="([^"]+)"/g));
  assert.equal(jobs.size, 1);
  for (const file of scrapes) {
    const scraped = new Set(namedIn(readFileSync(file, "utf8"), /job_name: (\S+)/g));
    assert.deepEqual(scraped, jobs, file);
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
  const metrics = new Set(documented.map(({ name }) => name));
  const causes = readPage("docs/protocol/events.md");
  const adapter = readFileSync("examples/deploy/kubernetes/prometheus-adapter.yaml", "utf8");
  const scaling = readFileSync("examples/deploy/kubernetes/scaling.yaml", "utf8");
  const texts = [readFileSync(rules, "utf8"), adapter, scaling, ...queries];
  for (const text of texts) {
    for (const name of namesIn(text)) {
      assert.ok(metrics.has(name), `${name} is no metric`);
    }
    for (const [, codes = ""] of text.matchAll(/code=~?"([^"]+)"/g)) {
      for (const code of codes.split("|")) assert.ok(Object.hasOwn(ErrorCode, code), code);
    }
    for (const [, cause = ""] of text.matchAll(/cause="([^"]+)"/g)) {
      assert.ok(causes.includes(`\`${cause}\``), `${cause} is no cause`);
    }
  }
});

test("every gauge and histogram is on the dashboard", () => {
  const shown = new Set(queries.flatMap(namesIn));
  const missing = documented.filter(({ name, type }) => type !== "counter" && !shown.has(name));
  assert.deepEqual(missing, []);
  for (const { name, type } of documented) {
    if (type !== "histogram" || name.startsWith("nodejs_gc")) continue;
    const own = queries.filter((expr) => namesIn(expr).includes(name));
    // With buckets by `le`, and as a native histogram.
    for (const expr of own) {
      assert.match(expr, new RegExp(`\\b${name}_bucket\\{.* or .*\\b${name}\\{`));
    }
  }
});

test("nodes export every metric of the rules and panels, each of its type", async () => {
  const keys = await JwksServer.start(json({ keys: [] }));
  after(() => keys.stop());
  const authority = new Authority();
  after(() => rmSync(authority.folder, { recursive: true, force: true }));
  const { certFile, keyFile } = authority.issue("node");
  const token = ["--authorize", "jwt", "--jwt-jwks", keys.url, "--jwt-any-issuer"];
  const cluster = ["--cluster", "http", "--peers", "http://127.0.0.1:9", "--cluster-port", "0"];
  const kinds: readonly (readonly string[])[] = [
    ["--workers", "2", "--tls-cert", certFile, "--tls-key", keyFile, ...token],
    ["--origin", "http://127.0.0.1:9/", "--origin-format", "batch", ...cluster],
  ];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };
  const types = new Map<string, string>();
  for (const flags of kinds) {
    const gateway = await startGateway({ runtime: "node", flags, env });
    const answer = await fetch(`http://127.0.0.1:${gateway.info.adminPort}/metrics`);
    for (const [, name = "", type = ""] of (await answer.text()).matchAll(
      /^# TYPE (\S+) (\S+)$/gm,
    )) {
      types.set(name, type);
    }
    await gateway.stop();
  }
  const named = [readFileSync(rules, "utf8"), ...queries].flatMap(namesIn);
  for (const name of named) {
    const { type } = documented.find((metric) => metric.name === name) ?? {};
    assert.equal(types.get(name), type, name);
  }
});
