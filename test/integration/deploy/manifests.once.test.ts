import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { parseDuration, settings } from "../../../core/config/mod.ts";
import { outputOf } from "../../support/deploy/output-of.ts";
import { installPackages } from "../../support/process/packages.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";

const deploy = "examples/deploy";
const folder = temporaryFolder();
const models = join(folder, "models");

/** After its drain period a node may take so much longer to end, in seconds. */
const endSeconds = 15;

const seconds = (text: string): number => (parseDuration(text) ?? Number.NaN) / 1_000;

/** A gateway would start with these settings. */
async function assertValid(env: Readonly<Record<string, string>>, ...flags: string[]) {
  const args = ["dist/websocket-service.js", "serve", ...flags, "--check-config"];
  const output = await outputOf(process.execPath, args, {
    env: { WSS_LOG_LEVEL: "error", ...env },
  });
  assert.equal(output, "the settings are valid");
}

test("yamllint finds nothing in the YAML files", {
  skip: skipWithout("yamllint"),
}, async () => {
  await outputOf("yamllint", ["--strict", "-c", `${deploy}/yamllint.yml`, deploy]);
});

test("Compose takes its file, and a gateway the settings in it", {
  skip: skipWithout("docker-compose"),
}, async () => {
  const file = ["-f", `${deploy}/compose/compose.yml`];
  const config = [...file, "config", "--format", "json"];
  const text = await outputOf("docker-compose", config, { env: { EDGE_PASSWORD: "word" } });
  const { gateway } = JSON.parse(text).services;
  const { environment } = gateway;
  await assertValid(environment);
  assert.ok(gateway.read_only && gateway.cap_drop.includes("ALL"));
  assert.ok(Number(environment.WSS_MAX_CONNECTIONS) + 200 <= gateway.ulimits.nofile);
  const drain = seconds(environment.WSS_DRAIN_PERIOD);
  assert.ok(seconds(gateway.stop_grace_period) >= drain + endSeconds);
  // Without the password it says what is missing, and starts nothing.
  const without = outputOf("docker-compose", config, { env: { EDGE_PASSWORD: "" } });
  await assert.rejects(without, /the broker's password of edge-1/);
});

const unit = `${deploy}/systemd/websocket-service.service`;

test("systemd takes the unit, which is shut off from what it does not need", {
  skip: skipWithout("systemd-analyze"),
}, async () => {
  // The file that it starts has to exist.
  const own = readFileSync(unit, "utf8").replace("/usr/local/bin/websocket-service", "/bin/true");
  const copy = join(folder, "websocket-service.service");
  writeFileSync(copy, own);
  assert.equal(await outputOf("systemd-analyze", ["verify", copy]), "");
  // From 0, shut off from everything, to 100.
  const threshold = ["--offline=true", "--threshold=15"];
  await outputOf("systemd-analyze", ["security", "--no-pager", ...threshold, copy]);
});

test("the unit's times and limits fit the settings beside it", async () => {
  const config = `${deploy}/systemd/config.json`;
  const text = readFileSync(unit, "utf8");
  const of = (name: string): number => Number(new RegExp(`^${name}=(\\d+)$`, "m").exec(text)?.[1]);
  const given = JSON.parse(readFileSync(config, "utf8"));
  assert.ok(of("TimeoutStopSec") >= seconds(given["drain-period"]) + endSeconds);
  assert.ok(of("LimitNOFILE") >= given["max-connections"] + 200);
  await assertValid({}, "--config", config);
});

test("the manifests trust no X-Forwarded-For: clients reach the nodes without an Ingress", () => {
  const text = readFileSync(`${deploy}/kubernetes/kustomization.yaml`, "utf8");
  const settings = [...text.matchAll(/^ +- (WSS_\w+)=/gm)].map(([, name]) => name);
  assert.deepEqual(settings, ["WSS_ADMIN_HOST", "WSS_DRAIN_PERIOD", "WSS_MAX_CONNECTIONS"]);
});

// biome-ignore lint/suspicious/noExplicitAny: what kustomize writes
type Manifest = any;

/** What `kubectl apply -k` would send. */
async function manifests(): Promise<Manifest[] | string> {
  const packages = { "kubernetes-types": "1.30.0", yaml: "2.9.1" };
  const skipped = await installPackages(models, packages);
  if (skipped !== undefined) return skipped;
  const text = await outputOf("kustomize", ["build", `${deploy}/kubernetes`]);
  const { parseAllDocuments } = createRequire(join(models, "package.json"))("yaml");
  return parseAllDocuments(text).map((document: { toJS(): Manifest }) => document.toJS());
}

/**
 * Throws where an object has a key, or a value, that Kubernetes's schemas do not have: the types
 * are made of these, and TypeScript refuses unknown keys of literals.
 */
async function validate(manifests: readonly Manifest[]): Promise<void> {
  const lines = manifests.map((manifest, index) => {
    const { apiVersion, kind } = manifest;
    const [group, version] = apiVersion.includes("/")
      ? apiVersion.split("/")
      : ["core", apiVersion];
    const module = `kubernetes-types/${group.replace(/\..*/, "")}/${version}`;
    return `export const m${index}: import("${module}").${kind} = ${JSON.stringify(manifest)};`;
  });
  writeFileSync(join(models, "manifests.ts"), lines.join("\n"));
  const flags = ["--noEmit", "--strict", "--module", "preserve", "--types", ""];
  await outputOf(resolve("node_modules/.bin/tsc"), [...flags, "manifests.ts"], { cwd: models });
}

test("Kubernetes's schemas take what kustomize makes, and a node ends before it is killed", {
  skip: skipWithout("kustomize"),
}, async (context) => {
  const all = await manifests();
  if (typeof all === "string") return context.skip(all);
  await validate(all);
  const kinds = all.map(({ kind }) => kind).sort();
  assert.deepEqual(kinds, [
    "ConfigMap",
    "HorizontalPodAutoscaler",
    "Namespace",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Secret",
    "Service",
    "Service",
    "StatefulSet",
  ]);
  const of = (kind: string): Manifest => all.find((one) => one.kind === kind);
  const { spec: pod } = of("StatefulSet").spec.template;
  const [container] = pod.containers;
  const variables = { ...of("ConfigMap").data, WSS_NODE_NAME: "edge-0" };
  const broker = container.env.find(({ name }: { name: string }) => name === "WSS_BROKER").value;
  const login = { BROKER_HOST: "mq:1883", BROKER_PASSWORD: "word", WSS_NODE_NAME: "edge-0" };
  const url = broker.replaceAll(
    /\$\((\w+)\)/g,
    (_: string, name: keyof typeof login) => login[name],
  );
  assert.equal(url, "mqtt://edge-0:word@mq:1883");
  await assertValid({ ...variables, WSS_BROKER: url });
  const drain = seconds(variables.WSS_DRAIN_PERIOD);
  const pause = container.lifecycle.preStop.sleep.seconds;
  assert.ok(pod.terminationGracePeriodSeconds >= pause + drain + endSeconds);
  const security = { ...pod.securityContext, ...container.securityContext };
  assert.ok(security.runAsNonRoot && security.readOnlyRootFilesystem);
  // Probes, ports and policies agree on the ports' names and numbers.
  const ports = new Map(container.ports.map((one: Manifest) => [one.name, one.containerPort]));
  assert.deepEqual(
    [...ports],
    [
      ["clients", settings.port.default],
      ["admin", settings["admin-port"].default],
    ],
  );
  for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    assert.equal(container[probe].httpGet.port, "admin", probe);
  }
  assert.equal(of("HorizontalPodAutoscaler").spec.scaleTargetRef.name, "edge");
  const labels = of("StatefulSet").spec.template.metadata.labels;
  for (const selector of [
    of("PodDisruptionBudget").spec.selector.matchLabels,
    of("NetworkPolicy").spec.podSelector.matchLabels,
    of("Service").spec.selector,
  ]) {
    for (const [name, value] of Object.entries(selector)) assert.equal(labels[name], value);
  }
  // The schemas do look.
  for (const [key, value] of [
    ["maxUnavailible", 1],
    ["maxUnavailable", {}],
  ] as const) {
    const wrong = structuredClone(of("PodDisruptionBudget"));
    wrong.spec[key] = value;
    await assert.rejects(validate([wrong]), /error TS/, key);
  }
});
