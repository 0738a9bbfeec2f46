/** An origin that lets in whoever comes, over the library. Argument: the broker's URL. */
import process from "node:process";
import { connectOrigin } from "websocket-service/origin";

const origin = await connectOrigin({ broker: process.argv[2] ?? "" });
origin.authorize(() => ({}));
process.stdout.write(`${JSON.stringify({ event: "started" })}\n`);
