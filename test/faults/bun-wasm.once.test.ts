import { prove } from "./prove.ts";

prove({ runtime: "bun", engine: "wasm" });
