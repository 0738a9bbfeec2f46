import type { JudgedClient } from "../evidence/judged.ts";

/** How a fault ends connections. */
export interface Ending {
  /** What the client sees: the code of the close frame, 1006 where none came. */
  readonly closeCode: number;
  /** What Deno's own server says to a client that it takes for dead, and that lives. */
  readonly closeCodeOfDeno?: number;
  /** What an origin is told: code and cause. */
  readonly told: string;
}

/** What may end otherwise than by a client's own will. */
export interface EndingRules {
  /** Undefined where nobody's connection may. */
  readonly cuts?: Ending | undefined;
  /**
   * Condemned nodes are taken for dead for a while: who leaves meanwhile is told as lost, and of
   * nobody is a second end told.
   */
  readonly reopens?: boolean | undefined;
  /** Whose connections it ends: names of nodes, labels of clients. */
  readonly condemned: ReadonlySet<string>;
  /**
   * Deno's own server now and then cuts a client that talks before its close frame is read: less
   * than half of the condemned may see 1006 in its place. Origins are told the truth.
   */
  readonly losesFrames?: boolean | undefined;
  /** One that was away may be told of a loss where another is told of the true end. */
  readonly losesInError?: boolean | undefined;
}

/** What origins were told in the end of one connection. */
export interface ToldEnd {
  readonly id: string;
  /** Its client; undefined where nothing that it said was handled. */
  readonly label: string | undefined;
  /** Code and cause, by process: once, if all is well. */
  readonly told: readonly string[];
}

const byClient = "1000 client";
export const nodeLost = "1006 node-lost";

/** Every end that is not as it has to be: at a client, or as an origin was told of it. */
export function judgeEndings(
  clients: readonly JudgedClient[],
  ends: readonly ToldEnd[],
  rules: EndingRules,
): string[] {
  const { cuts, condemned } = rules;
  const isCondemned = (...names: readonly (string | undefined)[]): boolean =>
    names.some((name) => name !== undefined && condemned.has(name));
  const wrong: string[] = [];
  const byDeno = rules.losesFrames === true ? cuts?.closeCodeOfDeno : undefined;
  const codes = byDeno === undefined ? [cuts?.closeCode] : [cuts?.closeCode, byDeno];
  let frames = 0;
  let cut = 0;
  for (const { label, node, survived, closeCode } of clients) {
    if (survived || (isCondemned(node, label) && codes.includes(closeCode))) {
      if (!survived) frames++;
      continue;
    }
    if (rules.losesFrames === true && closeCode === 1_006 && isCondemned(node, label)) {
      cut++;
      continue;
    }
    wrong.push(`${label} at ${node} saw its end as ${closeCode}`);
  }
  if (cut > frames) wrong.push(`${cut} of ${cut + frames} saw no close frame`);
  const byLabel = new Map(clients.map((client) => [client.label, client]));
  for (const { id, label, told } of ends) {
    const client = label === undefined ? undefined : byLabel.get(label);
    const [node] = id.split(".");
    const allowed = allowedOf(client, isCondemned(node, label), rules);
    const truth = told.some((words) => words === byClient);
    for (const words of told) {
      if (allowed.includes(words)) continue;
      if (rules.losesInError === true && truth && words === nodeLost) continue;
      wrong.push(`the end of ${label ?? id} was told as ${words}`);
    }
  }
  return wrong;
}

function allowedOf(
  client: JudgedClient | undefined,
  condemned: boolean,
  { cuts, reopens, losesFrames }: EndingRules,
): readonly string[] {
  if (!condemned) return [byClient];
  if (cuts === undefined) return reopens === true ? [byClient, nodeLost] : [byClient];
  // Nothing that it said is known, or both sides said goodbye at once.
  if (client === undefined || (!client.survived && client.leaving)) return [byClient, cuts.told];
  if (!client.survived) return [cuts.told];
  // Deno's own server answers a close frame that crosses ours with the client's own code.
  if (losesFrames === true) return [byClient, cuts.told];
  // A node that is killed may have answered a close, and not told anybody yet.
  return cuts.told === nodeLost ? [byClient, nodeLost] : [byClient];
}
