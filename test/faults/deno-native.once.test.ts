import { everywhere, prove } from "./prove.ts";

prove({ runtime: "deno", engine: "native" }, everywhere);
