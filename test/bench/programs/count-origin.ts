/** The origin of the ingest bench, over the library. Arguments: the broker's URL, the mode. */
import process from "node:process";
import { connectOrigin } from "websocket-service/origin";
import { counter } from "./parts/counts.ts";

const [broker = "", mode] = process.argv.slice(2);
const origin = await connectOrigin({ broker, mode: mode === "open" ? "open" : "assigned" });
const count = counter();
origin.on("message", count);
process.stdout.write(`${JSON.stringify({ event: "started" })}\n`);
