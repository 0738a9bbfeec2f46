import { readFileSync } from "node:fs";

/**
 * Bytes of kernel memory in slabs: sockets, files, and what else the kernel keeps for a stream. Of
 * the whole machine, so nothing else may open or close many while it is measured. Empty slabs are
 * given back late, so it grows more readily than it shrinks.
 */
export function slabBytes(): number {
  const slab = /^Slab:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"));
  return Number(slab?.[1]) * 1_024;
}

/** Bytes in buffers of TCP, of the whole machine. */
export function tcpBufferBytes(): number {
  const pages = /^TCP:.* mem (\d+)/m.exec(readFileSync("/proc/net/sockstat", "utf8"));
  return Number(pages?.[1]) * 4_096;
}
