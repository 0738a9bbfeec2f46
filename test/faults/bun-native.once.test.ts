import { faults } from "./kinds/all-faults.ts";
import { prove } from "./prove.ts";

prove({ runtime: "bun", engine: "native" }, Object.keys(faults));
