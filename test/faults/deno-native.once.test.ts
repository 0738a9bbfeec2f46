import { prove } from "./prove.ts";

prove({ runtime: "deno", engine: "native" });
