import { spend } from "../measure/costs.ts";
import {
  bunNative,
  bunWasm,
  denoWasm,
  nameOfOurs,
  nodeWasm,
  peersOf,
} from "../measure/entrants.ts";
import { onNode } from "../measure/processes.ts";
import { inTurns } from "../measure/rounds.ts";
import { middle, ranged, ratios, type Session } from "../measure/session.ts";
import {
  type Entrant,
  nchanMissing,
  type Ours,
  type Stage,
  startNchanStage,
  startOurs,
} from "../measure/stage.ts";
import type { ConnectLoad } from "../programs/load/connect-load.ts";

const atOnce = 64;

interface Figure {
  readonly perSecond: number;
  readonly server: number;
  readonly broker: number;
  readonly origin: number;
}

/** An entrant, and the name of the one that it is held against. */
interface Contender extends Entrant {
  readonly against?: string;
}

/** The server that a runtime has without us. */
const bareOf = { bun: "Bun's own server", deno: "Deno's own server", node: "`ws` on Node.js" };

function contenders(isQuick: boolean): Contender[] {
  const own = [bunNative, bunWasm, denoWasm, nodeWasm].flatMap((one): Contender[] => {
    const ours: Ours = { ...one, origin: "accept-origin" };
    const name = nameOfOurs(ours);
    const authorized: Ours = { ...ours, flags: ["--authorize", "origin"] };
    const quick = one === bunNative;
    return [
      { name, start: () => startOurs(ours), quick, against: bareOf[one.runtime] },
      {
        name: `${name}, the origin accepts`,
        start: () => startOurs(authorized),
        quick,
        against: name,
      },
    ];
  });
  const nchan: Contender = {
    name: "nchan",
    start: () => startNchanStage("/receive"),
    quick: true,
  };
  const all = [...peersOf("echo"), ...(nchanMissing() === undefined ? [nchan] : []), ...own];
  return isQuick ? all.filter(({ quick }) => quick === true) : all;
}

async function measure(stage: Stage, isQuick: boolean): Promise<Figure> {
  const { protocol, path, ports } = stage;
  const connections = isQuick ? 1_000 : 10_000;
  const target = { port: ports[0]!, protocol, ...(path !== undefined && { path }) };
  const load: ConnectLoad = { ...target, connections, warmUp: isQuick ? 200 : 500, atOnce };
  await using driver = onNode("load/connect-load", JSON.stringify(load));
  await driver.event("counting");
  const spent = spend(stage);
  const { seconds } = (await driver.event("opened")) as { seconds: number };
  const { server = Number.NaN, broker = Number.NaN, origin = Number.NaN } = spent(connections);
  return { perSecond: connections / seconds, server, broker, origin };
}

/** Thousands that connect at once and stay, in turns. */
export async function stormBench(session: Session): Promise<void> {
  const { quick } = session.effort;
  const all = contenders(quick);
  session.say(
    `${quick ? "1,000" : "10,000"} clients connect, ${atOnce} at once; an assigned origin is ` +
      "told of each of ours, or asked first. Ratios are to the runtime's own server; where the " +
      "origin accepts, to the row above. Goals: 0.7, and 0.6.",
  );
  const figures = await inTurns(all, session.turns(), async ({ start }) => {
    await using stage = await start();
    return await measure(stage, quick);
  });
  const rows = all.map((one, index) => {
    const of = (part: keyof Figure): number[] => figures[index]!.map((figure) => figure[part]);
    return { ...one, rounds: of("perSecond"), server: of("server") };
  });
  session.table(
    ["", "connects/s", "ratio", "CPU: server"],
    rows.map(({ name, against, rounds, server }) => {
      const other = rows.find((row) => row.name === against);
      return [name, middle(rounds), ranged(ratios(rounds, other?.rounds)), middle(server)];
    }),
  );
  session.bars("storm", "Connects a second", rows);
  for (const { name, rounds, server } of rows) {
    session.keep(name, rounds);
    session.keep(`${name}: server`, server);
  }
}
