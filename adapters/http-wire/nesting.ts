import { limits, ServiceError } from "../../core/base/mod.ts";

/**
 * Levels of a body that is decoded at all. A decoder takes seconds for millions of levels, and
 * gigabytes. Below that the command is named that nests too deeply.
 */
export const decodedLevelsMax = 1_000;

/** A body has more levels than are decoded. */
export function bodyTooDeep(): ServiceError {
  const most = `a batch may have ${limits.nestingMax} levels of arrays and maps`;
  return new ServiceError("batch-malformed", `the body is nested too deeply: ${most}`);
}

/** Throws `batch-malformed` if a command of a batch nests deeper, and names its element. */
export function checkNesting(command: unknown, place: string): void {
  const at = tooDeepAt(command);
  if (at < 0) return;
  const where = Array.isArray(command) ? `${place}[${at}]` : place;
  const most = `a batch may have ${limits.nestingMax} levels of arrays and maps`;
  throw new ServiceError("batch-malformed", `${where}: it is nested too deeply: ${most}`);
}

/** Whether a command nests deeper: the node would refuse its whole batch. */
export function nestsTooDeeply(command: readonly unknown[]): boolean {
  return tooDeepAt(command) >= 0;
}

/** The index of a command's element that nests too deeply; -1 if none does. */
function tooDeepAt(command: unknown): number {
  const elements = Array.isArray(command) ? command : [command];
  return elements.findIndex((element) => nestsDeeper(element, limits.nestingMax - 2));
}

function nestsDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  if (levels === 0) return true;
  const inside: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return inside.some((inner) => nestsDeeper(inner, levels - 1));
}
