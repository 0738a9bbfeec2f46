import { onNode } from "../measure/processes.ts";

const groups = 10_000;

/** What many groups cost a node: its bus over mosquitto, in a process of its own. */
export async function groupsBench(print: (line: string) => void): Promise<void> {
  print(`${groups} groups of one node, each a subscription at mosquitto (node):`);
  const bench = onNode("groups-subscribe", String(groups));
  for (let line = ""; !line.startsWith("resident"); ) {
    line = await bench.line("");
    print(`  ${line}`);
  }
  await bench.end();
}
