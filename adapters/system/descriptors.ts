import { closeSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";

/** The limit of open file descriptors of this process; undefined if it is not known. */
export function descriptorsMax(): number | undefined {
  try {
    const found = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
    return found === null ? undefined : Number(found[1]);
  } catch {
    return undefined;
  }
}

/** The number of open file descriptors. */
export function descriptorsOpen(): number {
  try {
    // Linux 6.2 and newer tell the number so; before it is 0, and counting takes longer.
    return statSync("/proc/self/fd").size || readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

/**
 * The lowest free descriptor, which the kernel assigns next: all below it are open. Undefined if
 * none is free. It costs much less than a count of all.
 */
export function descriptorFree(): number | undefined {
  try {
    const descriptor = openSync("/dev/null", "r");
    closeSync(descriptor);
    return descriptor;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENFILE: the whole machine has no free descriptor.
    return code === "EMFILE" || code === "ENFILE" ? undefined : 0;
  }
}
