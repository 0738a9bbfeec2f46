import { dirname, join } from "node:path/posix";
import { importsOf, type Sources } from "./imports.ts";

/** Files, or folders of files, by what they import. */
type Graph = ReadonlyMap<string, ReadonlySet<string>>;

function fileGraph(sources: Sources): Graph {
  const graph = new Map<string, Set<string>>();
  for (const path of sources.keys()) {
    const targets = importsOf(sources, path).map((specifier) => join(dirname(path), specifier));
    graph.set(path, new Set(targets.filter((target) => sources.has(target))));
  }
  return graph;
}

function folderGraph(files: Graph): Graph {
  const graph = new Map<string, Set<string>>();
  for (const [path, targets] of files) {
    const folder = graph.get(dirname(path)) ?? new Set();
    graph.set(dirname(path), folder);
    for (const target of targets)
      if (dirname(target) !== dirname(path)) folder.add(dirname(target));
  }
  return graph;
}

/** Where an import, of types too, leads back to where it began: over files, and over folders. */
export function circleFaults(sources: Sources): string[] {
  const files = fileGraph(sources);
  return [...circles(files), ...circles(folderGraph(files))].map(
    (circle) => `a circle of imports: ${circle.join(" → ")}`,
  );
}

/** Sets of nodes each of which leads to all others of its set. R. E. Tarjan, 1972. */
function circles(graph: Graph): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    const own = order.size;
    order.set(node, own);
    lowest.set(node, own);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      const reached = order.has(next)
        ? stack.includes(next)
          ? (order.get(next) as number)
          : own
        : visit(next);
      lowest.set(node, Math.min(lowest.get(node) as number, reached));
    }
    if (lowest.get(node) === own) {
      const circle = stack.splice(stack.indexOf(node));
      if (circle.length > 1) found.push(circle);
    }
    return lowest.get(node) as number;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found;
}
