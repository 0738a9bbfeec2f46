import { ServiceError } from "../../core/base/mod.ts";

/** Levels of arrays and maps that the gateway takes, the batch and the command among them. */
const nestingMax = 32;

/** Throws `batch-malformed` if a command of a batch nests deeper, and names its element. */
export function checkNesting(command: unknown, place: string): void {
  const elements = Array.isArray(command) ? command : [command];
  const at = elements.findIndex((element) => nestsDeeper(element, nestingMax - 2));
  if (at < 0) return;
  const where = Array.isArray(command) ? `${place}[${at}]` : place;
  const most = `a batch may have ${nestingMax} levels of arrays and maps`;
  throw new ServiceError("batch-malformed", `${where}: it is nested too deeply: ${most}`);
}

function nestsDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  if (levels === 0) return true;
  const inside: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return inside.some((inner) => nestsDeeper(inner, levels - 1));
}
