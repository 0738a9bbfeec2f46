/** The gateway on Bun that also counts what its metrics do. */
import { countMeasures } from "./parts/counted.ts";

countMeasures();
await import("./gateway-bun.ts");
