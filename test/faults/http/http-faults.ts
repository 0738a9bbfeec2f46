import { setTimeout } from "node:timers/promises";
import { waitFor } from "../../support/process/wait.ts";
import type { Manner } from "./http-origin.ts";
import { type Form, HttpScene, type Way } from "./http-scene.ts";
import type { HttpVerdict } from "./http-verdict.ts";

interface HttpFault {
  readonly name: string;
  /** Both by default. */
  readonly ways?: readonly Way[];
  readonly manner?: Manner;
  /** Messages of a client before the fault and after it: fewer where each takes a while. */
  readonly messages?: number;
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
const shortRetryMs = 1_000;
const goneMs = 2_000;

const faults: readonly HttpFault[] = [
  {
    name: "origin: kill -9",
    run: async ({ origin }) => {
      await origin.kill();
      await origin.begin();
    },
  },
  {
    name: "origin: SIGSTOP, SIGCONT",
    run: async ({ origin }) => {
      origin.signal("SIGSTOP");
      await setTimeout(hungMs);
      origin.signal("SIGCONT");
    },
  },
  { name: "origin: 50 ms a request", manner: "slow", messages: 20, run: async () => {} },
  {
    name: "origin: 503 to every second request",
    manner: "flapping",
    messages: 20,
    run: async () => {},
  },
  {
    name: "origin: gone past origin-retry",
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
      await scene.killBridge();
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

/** A fault, in one form and by one way. */
export interface HttpCase {
  readonly fault: HttpFault;
  readonly form: Form;
  readonly way: Way;
}

export const nameOf = ({ fault, form, way }: HttpCase): string =>
  `${fault.name}; ${form}, by ${way}`;

const forms: readonly Form[] = ["batch", "original"];
const bothWays: readonly Way[] = ["node", "bridges"];

export const httpCases: readonly HttpCase[] = faults.flatMap((fault) =>
  forms.flatMap((form) => (fault.ways ?? bothWays).map((way) => ({ fault, form, way }))),
);

/** Each fault in both forms, and where it can be by both ways: what a check has time for. */
export const fewHttpCases: readonly HttpCase[] = faults.flatMap((fault, index) =>
  forms.map((form, at) => {
    const ways = fault.ways ?? bothWays;
    return { fault, form, way: ways[(index + at) % ways.length]! };
  }),
);

export interface HttpOutcome extends HttpCase {
  readonly verdict: HttpVerdict;
  /** Everything that is not as promised. */
  readonly failures: readonly string[];
}

/** Lets clients talk, breaks something, lets them talk on, and judges. */
export async function runHttpFault(one: HttpCase): Promise<HttpOutcome> {
  const { fault, form, way } = one;
  const { manner = "well", messages = 50 } = fault;
  await using scene = await HttpScene.start({
    ...{ form, way, manner },
    retryMs: fault.retryMs ?? retryMs,
  });
  scene.talk();
  await scene.saidMore(messages);
  await scene.handled(messages);
  await fault.run(scene);
  await scene.saidMore(2 * messages);
  const missesEnds = fault.missesEnds?.includes(form) === true;
  const verdict = await scene.hush({ endsTold: !missesEnds });
  const { lost, reordered, echoesLost, echoesReordered, cut, untold, handled } = verdict;
  const codes = scene.clients.map(({ closeCode }) => closeCode);
  const wrong: readonly (readonly [isWrong: boolean, what: string])[] = [
    [lost > 0, `${lost} messages lost`],
    [reordered > 0, `${reordered} messages reordered`],
    [echoesLost > 0, `${echoesLost} echoes lost`],
    [echoesReordered > 0, `${echoesReordered} echoes reordered`],
    [untold > 0 && !missesEnds, `${untold} ends untold`],
    [handled <= messages, `${handled} messages handled`],
    [cut > 0 && fault.cuts?.includes(form) !== true, `${cut} were cut: ${codes}`],
  ];
  const failures = wrong.filter(([isWrong]) => isWrong).map(([, what]) => what);
  return { ...one, verdict, failures };
}

/** The outcomes as a table of Markdown. */
export function httpTable(outcomes: readonly HttpOutcome[]): string {
  const line = (cells: readonly unknown[]): string => `| ${cells.join(" | ")} |`;
  const head = ["fault", "form", "by", ...Object.keys(outcomes[0]?.verdict ?? {})];
  const body = outcomes.map(({ fault, form, way, verdict }) =>
    line([fault.name, form, way, ...Object.values(verdict)]),
  );
  return [line(head), line(head.map(() => "---")), ...body].join("\n");
}
