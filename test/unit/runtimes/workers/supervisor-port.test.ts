import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { readSettings } from "../../../../core/config/mod.ts";
import type { HeldPort, Platform } from "../../../../runtimes/compose/mod.ts";
import type { Order } from "../../../../runtimes/workers/messages.ts";
import { Supervisor } from "../../../../runtimes/workers/mod.ts";
import { FakeChild } from "../../../support/memory/child-process.ts";
import { MemoryLogger } from "../../../support/memory/mod.ts";
import { waitFor } from "../../../support/process/wait.ts";

/** A worker's process that ends when it is told to. */
class Obedient extends FakeChild {
  override send(order: Order): void {
    super.send(order);
    if (order.kind === "drain") queueMicrotask(() => this.tell({ kind: "drained" }));
    if (order.kind === "stop") queueMicrotask(() => this.end(0));
  }

  get port(): number | undefined {
    const order = this.orders.find(({ kind }) => kind === "start");
    return order?.kind === "start" ? order.settings.port : undefined;
  }
}

/** A supervisor of two workers whose processes are the test's. */
class Rig {
  readonly children: Obedient[] = [];
  readonly logger: MemoryLogger = new MemoryLogger();
  readonly supervisor: Supervisor;

  constructor(holdPort?: (host: string) => HeldPort | undefined, port: string = "0") {
    const flags = { workers: "2", port, "admin-port": "0", broker: "mqtt://127.0.0.1:1" };
    const settings = readSettings({ flags, environment: {}, file: undefined, defaults: {} });
    const start = () => {
      const child = new Obedient(100 + this.children.length);
      this.children.push(child);
      // A process listens to orders some time after it was started.
      queueMicrotask(() => child.tell({ kind: "ready" }));
      return child.asChild;
    };
    const workers = { refusal: undefined, start, ...(holdPort && { holdPort }) };
    const platform = { name: "node", engines: ["wasm"], workers } as unknown as Platform;
    this.supervisor = new Supervisor(settings, {
      platform,
      logger: this.logger,
      mqttTls: undefined,
      brokerLogin: undefined,
      accessKeys: undefined,
    });
  }

  ports(): (number | undefined)[] {
    return this.children.map(({ port }) => port);
  }

  async has(...ports: number[]): Promise<void> {
    await waitFor(() => String(this.ports()) === String(ports), { what: `workers at ${ports}` });
  }
}

test("the first worker opens any port, and the others and later ones share it", async () => {
  const rig = new Rig();
  const started = rig.supervisor.start();
  await rig.has(0);
  rig.children[0]?.tell({ kind: "started", port: 4711 });
  await rig.has(0, 4711);
  rig.children[1]?.tell({ kind: "started", port: 4711 });
  await started;
  const [line] = rig.logger.of("started");
  assert.equal(line?.fields.port, 4711);
  rig.children[0]?.end(1);
  await rig.has(0, 4711, 4711);
  await rig.supervisor.stop();
});

/** How often a held port is released. */
function holding(): { readonly rig: Rig; readonly released: () => number } {
  let released = 0;
  const rig = new Rig(() => ({ port: 4711, release: () => void released++ }));
  return { rig, released: () => released };
}

test("a port that can be held is held until every worker has it", async () => {
  const { rig, released } = holding();
  const started = rig.supervisor.start();
  await rig.has(4711, 4711);
  rig.children[0]?.tell({ kind: "started", port: 4711 });
  assert.equal(released(), 0);
  rig.children[1]?.tell({ kind: "started", port: 4711 });
  await started;
  assert.equal(released(), 1);
  await rig.supervisor.stop();
});

test("a held port is released too where a worker fails to start", async () => {
  const { rig, released } = holding();
  const started = rig.supervisor.start();
  await rig.has(4711, 4711);
  rig.children[1]?.end(1);
  await assert.rejects(started, { code: "worker-died" });
  assert.equal(released(), 1);
  rig.children[0]?.tell({ kind: "started", port: 4711 });
  await rig.supervisor.stop().catch(() => {});
});

test("where no port can be held, one is chosen; a port that is named is looked at", async () => {
  const rig = new Rig(() => undefined);
  const started = rig.supervisor.start();
  await waitFor(() => rig.children.length === 2 && rig.children.every(({ port }) => port));
  const [port = 0] = rig.ports();
  assert.ok(port > 0);
  for (const child of rig.children) child.tell({ kind: "started", port });
  await started;
  await rig.supervisor.stop();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  const { port: taken } = server.address() as { port: number };
  const hold = (): never => assert.fail("a port that is named is not held");
  const refused = new Rig(hold, String(taken));
  await assert.rejects(refused.supervisor.start(), { code: "port-in-use" });
  assert.equal(refused.children.length, 0);
  server.close();
  await refused.supervisor.stop();
});
