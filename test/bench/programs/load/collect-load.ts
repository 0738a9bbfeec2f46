/** The only subscriber of what clients send over nchan; counts it. Argument: the port. */
import type { Buffer } from "node:buffer";
import process from "node:process";
import { counter } from "../parts/counts.ts";
import { open, payloadOf, say, serverFrame } from "./wire.ts";

const frameBytes = serverFrame(payloadOf(64)).length;
const count = counter();
let bytes = 0;
await open({ port: Number(process.argv[2]), path: "/collect" }, (chunk: Buffer) => {
  for (bytes += chunk.length; bytes >= frameBytes; bytes -= frameBytes) count();
});
say("started");
