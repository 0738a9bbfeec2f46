import { bunProgram, Program } from "../../support/process/spawn.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";
import { waitMs } from "../cluster/cluster.ts";
import type { Handled, OriginLife } from "../cluster/origin-log.ts";
import { type JudgedClient, messagePattern } from "../evidence/judged.ts";
import type { Ending } from "../judge/judge-endings.ts";
import { type Fault, now, type Scene } from "./fault.ts";
import { impatient, patience } from "./impatience.ts";

/** Nobody answers any more: there is no close frame to be had. */
const foundSilent: Ending = { closeCode: 1_006, closeCodeOfDeno: 1_001, told: "1006 error" };

const victimsPerNode = 4;

/** For the walks over all connections. */
const walkMs = 1_000;

const foundMsMax = patience.pingIntervalMs + patience.pingTimeoutMs + walkMs;

export const clientHalfOpen: Fault = {
  name: "clients: half-open TCP",
  flags: impatient,
  errors: ["ping-timeout"],
  cuts: foundSilent,
  recoveryMsMax: foundMsMax,
  timersMs: foundMsMax - walkMs,
  run: async (scene) => {
    const { cluster, crowd, dice } = scene;
    const ways = await Promise.all(
      cluster.nodes.map(async ({ name, port }) => ({ name, proxy: await TcpProxy.start(port) })),
    );
    try {
      const victims: string[] = [];
      for (const { name, proxy } of ways) {
        for (let count = 0; count < victimsPerNode; count++) {
          victims.push((await crowd.join({ name, port: proxy.port })).label);
        }
      }
      await crowd.saidMore(500 + dice.below(500));
      const ids = await known(scene, victims);
      const at = now();
      for (const { proxy } of ways) proxy.hold();
      return await found(scene, ids, { at, labels: victims });
    } finally {
      for (const { proxy } of ways) await proxy.close();
    }
  },
};

export const clientStop: Fault = {
  name: "clients: SIGSTOP, SIGCONT",
  flags: impatient,
  errors: ["ping-timeout"],
  cuts: foundSilent,
  recoveryMsMax: foundMsMax,
  timersMs: foundMsMax - walkMs,
  run: async (scene) => {
    const { cluster, crowd, dice } = scene;
    const label = `p${dice.below(1_000_000)}`;
    const ports = cluster.nodes.map(({ port }) => String(port));
    const script = [
      "test/faults/clients/client-process.ts",
      label,
      String(victimsPerNode),
      ...ports,
    ];
    await using program = new Program(bunProgram, script);
    const victims = await program.line<string[]>(
      (line) => (line.startsWith("[") ? JSON.parse(line) : undefined),
      "the labels of its clients",
    );
    await crowd.saidMore(500 + dice.below(500));
    const ids = await known(scene, victims);
    const at = now();
    program.kill("SIGSTOP");
    const recoveryMs = await found(scene, ids, { at, labels: victims });
    program.kill("SIGCONT");
    const { code } = await program.stop();
    const said = program.lines.findLast((line) => line.startsWith("["));
    if (code !== 0 || said === undefined) throw new Error(`clients ended:\n${program.output}`);
    for (const { echoes, news, ...client } of JSON.parse(said) as Testimony[]) {
      crowd.others.push({ ...client, echoes: new Map(echoes), news: new Map(news) });
    }
    return recoveryMs;
  },
};

/** What another process's client says of itself, as JSON. */
type Testimony = Omit<JudgedClient, "echoes" | "news"> & {
  readonly echoes: readonly [string, readonly number[]][];
  readonly news: readonly [string, readonly number[]][];
};

/** Ids of these clients, when origins have handled a message of each. */
async function known(
  { cluster, condemned }: Scene,
  labels: readonly string[],
): Promise<Set<string>> {
  for (const label of labels) condemned.add(label);
  const ids = new Map<string, string>();
  const read = new Map<OriginLife, number>();
  await waitFor(
    () => {
      for (const life of cluster.lives) {
        const events = life.read();
        for (let at = read.get(life) ?? 0; at < events.length; at++) {
          const { type, id, rest } = events[at]!;
          const label = type === "message" ? messagePattern.exec(rest)?.[1] : undefined;
          if (label !== undefined && labels.includes(label)) ids.set(label, id);
        }
        read.set(life, events.length);
      }
      return ids.size === labels.length;
    },
    { what: "a message of each client", deadline: waitMs },
  );
  return new Set(ids.values());
}

/**
 * Milliseconds until the last of these clients was told as closed. Nobody else is: a client whose
 * process is well answers its pings.
 */
async function found(
  { cluster, crowd }: Scene,
  ids: ReadonlySet<string>,
  { at, labels }: { at: number; labels: readonly string[] },
): Promise<number> {
  const isEnd = ({ type, id }: Handled): boolean => type === "close" && ids.has(id);
  const last = await waitFor(
    () => {
      const closes = cluster.lives.flatMap((life) => life.read().filter(isEnd));
      return closes.length === ids.size && Math.max(...closes.map((close) => close.at));
    },
    { what: "silent clients to be found", deadline: waitMs },
  );
  const others = crowd.talkers.filter(({ label }) => !labels.includes(label));
  const cut = others.filter(({ closeCode, leaving }) => closeCode !== undefined && !leaving);
  if (cut.length > 0) throw new Error(`${cut[0]?.label} was cut, and is well`);
  return last - at;
}
