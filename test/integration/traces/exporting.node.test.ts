import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import {
  type GatewayProcess,
  gatewayRuntimes,
  type Started,
  spawnGateway,
  startGateway,
} from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { freePort } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";
import { type Behaviour, Collector } from "../../support/traces/collector.ts";

type Gateway = GatewayProcess & { readonly info: Started };

async function read({ info }: Gateway, series: string): Promise<number | undefined> {
  const page = await (await fetch(`http://127.0.0.1:${info.adminPort}/metrics`)).text();
  const line = page.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

const dropped = (reason: string): string => `wss_spans_dropped_total{reason="${reason}"}`;
const failed = 'wss_errors_total{code="trace-export-failed"}';

/** Clients come and go until there is what is waited for. */
async function visitUntil(gateway: Gateway, there: () => Promise<boolean>): Promise<void> {
  await waitFor(
    async () => {
      const client = await RawClient.open(gateway.info.port);
      client.text("x");
      client.destroy();
      return there();
    },
    { what: "what clients bring about" },
  );
}

/** An origin that sees every event from the first one on. */
async function originOf({ info }: Gateway): Promise<PlainOrigin> {
  const origin = await PlainOrigin.connect(`mqtt://127.0.0.1:${info.brokerPort}`);
  after(() => origin.end());
  return origin;
}

/** Clients are answered. */
async function echo({ info }: Gateway, origin: PlainOrigin): Promise<void> {
  const client = await RawClient.open(info.port);
  client.text("still there?");
  const isOurs = ([verb, , , data]: readonly unknown[]): boolean =>
    verb === "message" && data === "still there?";
  const [, id] = await waitFor(() => origin.events.find(isOurs), { what: "the message" });
  await origin.command(undefined, ["send", id, "yes"]);
  assert.equal(await client.nextText(), "yes");
  client.destroy();
}

const headers = "authorization=Bearer%20secret-of-a-header";

describe("a collector that fails holds up nothing else", { concurrency: 2 }, () => {
  const cases: readonly (readonly [
    what: string,
    behaviour: Behaviour | "away",
    reason: RegExp,
  ])[] = [
    ["answers with 500", 500, /: status 500$/],
    ["refuses connections", "away", /: (ECONNREFUSED|ConnectionRefused)$/],
    ["never answers", "hang", /: (?!status)[\w ]+$/],
  ];
  for (const runtime of gatewayRuntimes) {
    for (const [what, behaviour, reason] of cases) {
      it(`on ${runtime}: one that ${what}`, async () => {
        const collector = await Collector.start();
        after(() => collector.stop());
        if (behaviour !== "away") collector.behaviour = behaviour;
        const away = `http://127.0.0.1:${await freePort()}`;
        const gateway = await startGateway({
          runtime,
          flags: ["--drain-period", "0ms"],
          env: {
            OTEL_EXPORTER_OTLP_ENDPOINT: behaviour === "away" ? away : collector.url,
            OTEL_EXPORTER_OTLP_HEADERS: headers,
            // Within it the exporter tries again where nobody answers.
            OTEL_EXPORTER_OTLP_TIMEOUT: "300",
            OTEL_BSP_SCHEDULE_DELAY: "50",
          },
        });
        const origin = await originOf(gateway);
        for (const series of ["exported_total", "waiting"]) {
          assert.equal(await read(gateway, `wss_spans_${series}`), 0);
        }
        for (const one of ["rate", "connection", "size", "malformed", "queue", "export"]) {
          assert.equal(await read(gateway, dropped(one)), 0, one);
        }
        await visitUntil(gateway, async () => ((await read(gateway, failed)) ?? 0) >= 3);
        assert.ok(((await read(gateway, dropped("export"))) ?? 0) >= 3);
        assert.equal(await read(gateway, "wss_spans_exported_total"), 0);
        await echo(gateway, origin);
        const lines = gateway.log.filter(({ event }) => event === "traces-failed");
        assert.equal(lines.length, 1, "once a minute");
        assert.equal(lines[0]?.code, "trace-export-failed");
        assert.match(String(lines[0]?.message), reason);
        // A gateway that waited for its collector would be killed, and have no code.
        assert.equal((await gateway.stop()).code, 0);
        assert.doesNotMatch(gateway.output, /secret-of-a-header/);
      });
    }

    it(`on ${runtime}: spans that wait are bounded, and lost ones are counted`, async () => {
      const collector = await Collector.start();
      after(() => collector.stop());
      const gateway = await startGateway({
        runtime,
        flags: ["--drain-period", "0ms"],
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          OTEL_BSP_MAX_QUEUE_SIZE: "5",
          OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "5",
          OTEL_BSP_SCHEDULE_DELAY: "600000",
        },
      });
      collector.behaviour = "hang";
      await visitUntil(gateway, async () => ((await read(gateway, dropped("queue"))) ?? 0) > 10);
      assert.ok(((await read(gateway, "wss_spans_waiting")) ?? 99) <= 5);
      assert.equal((await gateway.stop()).code, 0);
      assert.ok(gateway.log.some(({ event }) => event === "traces-lost"));
    });
  }
});

for (const runtime of gatewayRuntimes) {
  it(`${runtime}: at the end of the process the last spans are exported`, async () => {
    const collector = await Collector.start();
    after(() => collector.stop());
    const gateway = await startGateway({
      runtime,
      flags: ["--drain-period", "0ms"],
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_HEADERS: headers,
        OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test%20stage",
        OTEL_SERVICE_NAME: "edge",
        OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
        OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
        OTEL_TRACES_SAMPLER_ARG: "1",
        OTEL_BSP_SCHEDULE_DELAY: "600000",
      },
    });
    const client = await RawClient.open(gateway.info.port);
    client.text("x");
    await waitFor(async () => (await read(gateway, "wss_messages_received_total")) === 1);
    assert.equal(collector.spans.length, 0);
    // The drain would wait for its answer to the close frame.
    client.destroy();
    assert.equal((await gateway.stop()).code, 0);
    assert.deepEqual(collector.spans.map(({ name }) => name).sort(), [
      "GET",
      "publish close",
      "publish message",
    ]);
    const resource = collector.spans[0]?.resource;
    assert.equal(resource?.get("service.name"), "edge");
    assert.equal(resource?.get("deployment.environment.name"), "test stage");
    assert.equal(collector.requests[0]?.headers.authorization, "Bearer secret-of-a-header");
    assert.equal(collector.requests[0]?.headers["content-encoding"], "gzip");
    const [line] = gateway.log.filter(({ event }) => event === "traces-exported");
    assert.equal(line?.message, `traces are exported to ${collector.url}/`);
    assert.doesNotMatch(gateway.output, /secret-of-a-header/);
  });

  it(`${runtime}: a wrong value ends the start with one line`, async () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318",
      OTEL_TRACES_SAMPLER: "sometimes",
    };
    const gateway = spawnGateway({ runtime, env });
    assert.deepEqual(await gateway.exited, { code: 2, signal: null });
    assert.equal(gateway.lines.length, 1, gateway.output);
    assert.match(
      gateway.output,
      /^OTEL_TRACES_SAMPLER: the given value is not allowed; .*always_on/,
    );
  });

  it(`${runtime}: each worker exports its spans`, async () => {
    const collector = await Collector.start();
    after(() => collector.stop());
    const flags = ["--workers", "2", "--node-name", "edge-1", "--drain-period", "0ms"];
    const gateway = await startGateway({ runtime, flags, env: collector.environment });
    const nodes = (): Set<unknown> =>
      new Set(collector.spans.map(({ resource }) => resource.get("service.instance.id")));
    await waitFor(async () => {
      const client = await RawClient.open(gateway.info.port);
      client.destroy();
      return nodes().size === 2;
    });
    assert.deepEqual([...nodes()].sort(), ["edge-1-0", "edge-1-1"]);
    assert.equal((await gateway.stop()).code, 0);
  });
}
