/** The gateway on Node.js that also counts what its metrics do. */
import { countMeasures } from "./parts/counted.ts";

countMeasures();
await import("./gateway-node.ts");
