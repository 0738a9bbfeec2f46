import { limits } from "../base/mod.ts";
import type { ByteSocket } from "../ports/mod.ts";
import { Slab } from "./frame.ts";

/** Writes the frames of a turn to their socket. One for all sockets. */
export class FrameWriter {
  readonly #slab: Slab = new Slab(limits.slabBytes);

  /** Writes frames in order. Small ones are joined to save system calls; large ones not copied. */
  write(bytes: ByteSocket, frames: readonly Uint8Array[]): void {
    let start = 0;
    while (start < frames.length) {
      let size = frames[start]!.length;
      let end = start + 1;
      while (end < frames.length && size + frames[end]!.length <= limits.writeJoinBytesMax) {
        size += frames[end]!.length;
        end += 1;
      }
      if (end - start === 1) {
        bytes.write(frames[start]!);
      } else {
        const joined = this.#slab.take(size);
        for (let at = 0; start < end; start += 1) {
          joined.set(frames[start]!, at);
          at += frames[start]!.length;
        }
        bytes.write(joined);
      }
      start = end;
    }
  }
}
