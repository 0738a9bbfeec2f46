import { prove } from "./prove.ts";

prove({ runtime: "node", engine: "wasm" });
