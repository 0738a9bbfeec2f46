export type GatewayRuntime = "bun" | "deno" | "node";

interface GatewayCombination {
  readonly runtime: GatewayRuntime;
  readonly engine: "native" | "wasm";
}

/** In the environment of a test: gateways on this runtime alone are looked at. */
export const gatewaysVariable = "TEST_GATEWAYS";

/** All combinations that one behaviour holds for. */
export const allCombinations: readonly GatewayCombination[] = [
  { runtime: "bun", engine: "native" },
  { runtime: "bun", engine: "wasm" },
  { runtime: "deno", engine: "native" },
  { runtime: "deno", engine: "wasm" },
  { runtime: "node", engine: "wasm" },
];

const only = process.env[gatewaysVariable];

export const combinations: readonly GatewayCombination[] =
  only === undefined ? allCombinations : allCombinations.filter(({ runtime }) => runtime === only);

/** Stands for all of them, where the core alone decides. */
export const anyCombination: GatewayCombination = combinations[0] as GatewayCombination;

/** For what does not depend on the engine. */
export const gatewayRuntimes: readonly GatewayRuntime[] = [
  ...new Set(combinations.map(({ runtime }) => runtime)),
];
