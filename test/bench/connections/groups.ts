import { onNode } from "../measure/processes.ts";
import type { Session } from "../measure/session.ts";

const groups = 10_000;

/** What many groups cost a node: its bus over mosquitto, in a process of its own. */
export async function groupsBench(session: Session): Promise<void> {
  session.rounds(1);
  const bench = onNode("groups-subscribe", String(groups));
  const rows: string[][] = [];
  let heap = "";
  for (let line = ""; !line.startsWith("resident"); ) {
    line = await bench.line("");
    const [, what, ms, cpu] = /^(.+): (\d+) ms, processor (\d+) ms here$/.exec(line) ?? [];
    if (what !== undefined) rows.push([what, ms!, cpu!]);
    heap = /^heap after collection: (.+)$/.exec(line)?.[1] ?? heap;
  }
  await bench.end();
  session.say(
    `${groups.toLocaleString("en")} groups of one node on Node.js, each a subscription at ` +
      `mosquitto: they take ${heap} of the heap.`,
  );
  session.table(["", "ms", "CPU of the node, ms"], rows);
}
