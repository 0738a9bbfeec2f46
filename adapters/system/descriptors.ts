import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";

/** How many descriptors this process may have open; undefined where the system does not tell. */
export function descriptorsMax(): number | undefined {
  try {
    const found = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
    return found === null ? undefined : Number(found[1]);
  } catch {
    return undefined;
  }
}

/** How many it has open now. */
export function descriptorsOpen(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

/**
 * The least number that is free, as the kernel gives it out: below it all are in use. Undefined
 * where none is free. Cheap, unlike a walk over all of them.
 */
export function descriptorFree(): number | undefined {
  try {
    const descriptor = openSync("/dev/null", "r");
    closeSync(descriptor);
    return descriptor;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENFILE: the whole machine has none.
    return code === "EMFILE" || code === "ENFILE" ? undefined : 0;
  }
}
