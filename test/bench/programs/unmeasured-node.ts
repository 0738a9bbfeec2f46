/** The gateway on Node.js without what its metrics measure: counters and gauges stay. */
import { measureNothing } from "./parts/unmeasured.ts";

measureNothing();
await import("./gateway-node.ts");
