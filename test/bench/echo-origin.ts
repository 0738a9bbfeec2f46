/** The origin of the echo bench, over the origin library. Arguments: the broker's URL. */
import process from "node:process";
import { connectOrigin } from "websocket-service/origin";

const origin = await connectOrigin({ broker: process.argv[2] as string });
origin.on("message", (event) => event.connection.send(event.data));
process.stdout.write(`${JSON.stringify({ event: "started" })}\n`);
