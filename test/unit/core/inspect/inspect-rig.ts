import assert from "node:assert/strict";
import type {
  ConnectionFilter,
  ConnectionsAnswer,
  LeftOut,
  TailFilter,
  TailLine,
} from "../../../../core/inspect/mod.ts";
import { inspectLimits } from "../../../../core/inspect/mod.ts";
import type { MemorySocket } from "../../../support/memory/mod.ts";
import { grantOfQuery, settled } from "../../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../../support/memory-node/node-rig.ts";

export async function started(): Promise<NodeRig> {
  const guard = { idleTimeoutMs: 60_000 };
  const options = { authorize: "jwt", groupsPerConnectionMax: 1_000, guard } as const;
  const rig = new NodeRig(options, { authorize: grantOfQuery });
  await rig.node.gateway.start();
  return rig;
}

/** A client with what its token grants. */
export async function enter(
  rig: NodeRig,
  grant: object,
  ip: string = "192.0.2.1",
): Promise<MemorySocket> {
  const query = encodeURIComponent(JSON.stringify(grant));
  const answer = await rig.node.handshake(`/room?${query}`);
  assert.ok(answer.accepted, JSON.stringify(answer));
  return rig.node.open({ ...answer, info: { ...answer.info, ip } });
}

/** What one tail was told. */
export interface Followed {
  readonly lines: TailLine[];
  readonly leftOut: LeftOut;
  readonly stop: () => void;
}

/** What a tail shows, from now on. */
export function follow({ node }: NodeRig, filter: TailFilter): Followed {
  const lines: TailLine[] = [];
  const leftOut = { lines: 0, batches: 0 };
  const stop = node.gateway.inspector.tail(filter, (more, less) => {
    lines.push(...more);
    leftOut.lines += less.lines;
    leftOut.batches += less.batches;
  });
  return { lines, leftOut, stop };
}

/** The events are published, looked through, and handed over. */
export async function shown(rig: NodeRig): Promise<void> {
  await rig.rest();
  rig.clock.turn();
  rig.clock.advance(inspectLimits.handOverMs);
}

/** A search, while time stands still but for the turns that it waits for. */
export async function search(
  rig: NodeRig,
  filter: ConnectionFilter,
  options: { readonly limit?: number; readonly after?: number; readonly msPerTurn?: number } = {},
): Promise<{ ids: string[]; next: number | undefined; turns: number }> {
  const { limit = 100, after = 0, msPerTurn = 0 } = options;
  let answer: unknown;
  const question = { what: "connections", filter, limit, after } as const;
  void rig.node.gateway.inspector.answer(question).then((found) => {
    answer = found;
  });
  let turns = 0;
  await settled();
  for (; answer === undefined; turns++) {
    rig.clock.advance(msPerTurn);
    await settled();
  }
  const { connections, next } = answer as ConnectionsAnswer;
  return { ids: connections.map(({ id }) => id), next, turns };
}
