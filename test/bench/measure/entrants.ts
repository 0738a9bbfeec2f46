import { type Entrant, type Ours, startOurs, startPeer } from "./stage.ts";

/** Peers that echo or count in one process. */
export function peersOf(role: "echo" | "count"): Entrant[] {
  return [
    { name: "`ws` on Node.js", start: () => startPeer("ws", role), quick: true },
    { name: "Bun's own server", start: () => startPeer("bun", role), quick: true },
    { name: "Deno's own server", start: () => startPeer("deno", role) },
    { name: "Socket.IO on Node.js", start: () => startPeer("socket-io", role), quick: true },
  ];
}

const runtimeNames = { bun: "Bun", deno: "Deno", node: "Node.js" } as const;

/** A gateway in one cell of a table; what is not said is usual. */
export function nameOfOurs(ours: Ours): string {
  const { runtime, engine, mode, qos, workers, brokers, nodes, origins } = ours;
  return [
    `${runtimeNames[runtime]}, ${engine}`,
    ...(mode === "open" ? ["open"] : []),
    ...(qos === 1 ? ["QoS 1"] : []),
    ...(workers === undefined ? [] : [`${workers} workers`]),
    ...(nodes === undefined ? [] : [`${nodes} nodes`]),
    ...(origins === undefined ? [] : [`${origins} origins`]),
    ...(brokers === undefined
      ? []
      : [typeof brokers === "string" ? brokers : `${brokers} brokers`]),
  ].join(", ");
}

export const bunNative = { runtime: "bun", engine: "native" } as const;
export const bunWasm = { runtime: "bun", engine: "wasm" } as const;
export const denoNative = { runtime: "deno", engine: "native" } as const;
export const denoWasm = { runtime: "deno", engine: "wasm" } as const;
export const nodeWasm = { runtime: "node", engine: "wasm" } as const;

/** Each runtime and engine. */
export const engines: readonly Ours[] = [bunNative, bunWasm, denoNative, denoWasm, nodeWasm];

export function entrantOf(ours: Ours, quick = false): Entrant {
  return { name: nameOfOurs(ours), start: () => startOurs(ours), quick };
}
