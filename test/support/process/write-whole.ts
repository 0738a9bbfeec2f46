import { writeSync } from "node:fs";

/** How long to leave the reader alone before another try. */
const pauseMs = 1;
const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes a text to standard output, all of it before this returns: a kill takes nothing along.
 * A pipe that does not block is full while its reader is busy, and takes a part, or nothing.
 */
export function writeWhole(text: string): void {
  for (let bytes = Buffer.from(text); bytes.length > 0; ) {
    try {
      bytes = bytes.subarray(writeSync(1, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(never, 0, 0, pauseMs);
    }
  }
}
