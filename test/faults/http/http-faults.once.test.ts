import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { waitFor } from "../../support/process/wait.ts";
import type { Manner } from "./http-origin.ts";
import { type Form, HttpScene, type Way } from "./http-scene.ts";
import type { HttpVerdict } from "./http-verdict.ts";

interface HttpFault {
  readonly name: string;
  readonly ways: readonly (Way | Pair)[];
  readonly manner?: Manner;
  /** Connections may be closed, and the origin is told of each: whose, by form. */
  readonly cuts?: readonly Form[];
  /** The origin is away for longer than the end of a connection is sent again. */
  readonly missesEnds?: readonly Form[];
  readonly retryMs?: number;
  readonly run: (scene: HttpScene) => Promise<void>;
}

/** Longer than an origin takes to start again on a busy machine. */
const retryMs = 15_000;
/** Longer than a request may take, and shorter than the origin is given up. */
const hungMs = 1_200;
/** Of the fault whose origin is given up, and how long that is gone. */
const shortRetryMs = 2_000;
const goneMs = 3_000;

/** A form and who speaks it. */
type Pair = `${Form}, ${Way}`;

const both: readonly Way[] = ["node", "bridges"];
/** Where form and way each count, and not together. */
const crossed: readonly Pair[] = ["batch, node", "original, bridges"];

const faults: readonly HttpFault[] = [
  {
    name: "origin: kill -9",
    ways: both,
    run: async ({ origin }) => {
      await origin.kill();
      await origin.begin();
    },
  },
  {
    name: "origin: SIGSTOP, SIGCONT",
    ways: both,
    run: async ({ origin }) => {
      origin.signal("SIGSTOP");
      await setTimeout(hungMs);
      origin.signal("SIGCONT");
    },
  },
  { name: "origin: 50 ms a request", ways: crossed, manner: "slow", run: async () => {} },
  {
    name: "origin: 503 to every second request",
    ways: crossed,
    manner: "flapping",
    run: async () => {},
  },
  {
    name: "origin: gone past origin-retry",
    ways: both,
    cuts: ["original"],
    missesEnds: ["original"],
    retryMs: shortRetryMs,
    run: async ({ origin }) => {
      await origin.kill();
      await setTimeout(goneMs);
      await origin.begin();
    },
  },
  {
    name: "bridge: kill -9",
    ways: ["bridges"],
    run: async (scene) => {
      await scene.bridges[0]?.[Symbol.asyncDispose]();
      await scene.saidMore(50);
      await scene.startBridge();
    },
  },
  {
    name: "node: kill -9",
    ways: ["bridges"],
    cuts: ["batch", "original"],
    run: async (scene) => {
      await scene.nodes[0]?.[Symbol.asyncDispose]();
      await waitFor(() => scene.origin.closes.some((close) => close.endsWith("node-lost")));
    },
  },
];

interface Row {
  readonly name: string;
  readonly form: Form;
  readonly way: Way;
  readonly verdict: HttpVerdict;
}

const rows: Row[] = [];

function table(): string {
  const head = ["fault", "form", "by", ...Object.keys(rows[0]?.verdict ?? {})];
  const body = rows.map(({ name, form, way, verdict }) => [
    name,
    form,
    way,
    ...Object.values(verdict).map(String),
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...body.map(line)].join("\n");
}

after(() => {
  if (rows.length > 0) console.log(table());
});

for (const fault of faults) {
  for (const form of ["batch", "original"] as const) {
    for (const way of both) {
      if (!fault.ways.includes(way) && !fault.ways.includes(`${form}, ${way}`)) continue;
      test(`${fault.name}; ${form}, by ${way}`, async () => {
        await using scene = await HttpScene.start({
          form,
          way,
          manner: fault.manner ?? "well",
          retryMs: fault.retryMs ?? retryMs,
        });
        scene.talk();
        await scene.saidMore(50);
        await scene.handled(50);
        await fault.run(scene);
        await scene.saidMore(100);
        const missesEnds = fault.missesEnds?.includes(form) === true;
        const verdict = await scene.hush({ endsTold: !missesEnds });
        rows.push({ name: fault.name, form, way, verdict });
        const { lost, reordered, echoesLost, echoesReordered, cut, untold } = verdict;
        assert.deepEqual({ lost, reordered }, { lost: 0, reordered: 0 });
        assert.ok(untold === 0 || missesEnds, `${untold} untold`);
        assert.deepEqual({ echoesLost, echoesReordered }, { echoesLost: 0, echoesReordered: 0 });
        assert.ok(verdict.handled > 50, `${verdict.handled} messages`);
        const codes = scene.clients.map(({ closeCode }) => closeCode);
        assert.ok(cut === 0 || fault.cuts?.includes(form) === true, `${cut} were cut: ${codes}`);
      });
    }
  }
}
