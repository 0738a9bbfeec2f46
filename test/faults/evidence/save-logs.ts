import { mkdirSync, writeFileSync } from "node:fs";
import type { Cluster } from "../cluster/cluster.ts";
import type { JudgedClient } from "./judged.ts";

/**
 * Writes what every process of a cluster has said to files, and what clients say of themselves,
 * one a line, for whoever has to find out why.
 */
export function saveLogs(
  cluster: Cluster,
  clients: readonly JudgedClient[],
  name: string,
): string {
  const folder = `dist/test-logs/faults/${name}`;
  mkdirSync(folder, { recursive: true });
  for (const { name: node, process } of cluster.nodes) {
    writeFileSync(`${folder}/${node}.log`, process.output);
  }
  for (const { name: origin, lives } of cluster.origins) {
    lives.forEach(({ program }, life) => {
      writeFileSync(`${folder}/${origin}-${life + 1}.log`, program.output);
    });
  }
  const lines = clients.map(({ echoes, news, ...rest }) =>
    JSON.stringify({ ...rest, echoes: [...echoes], news: [...news] }),
  );
  writeFileSync(`${folder}/clients.jsonl`, `${lines.join("\n")}\n`);
  return folder;
}
