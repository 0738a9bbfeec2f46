import { mkdirSync, writeFileSync } from "node:fs";
import type { Cluster } from "./cluster.ts";

/** Writes what every process of a cluster has said to files, for whoever has to find out why. */
export function saveLogs(cluster: Cluster, name: string): string {
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
  return folder;
}
