/** The origin of the echo bench, over the library. Arguments: the broker's URL, the mode, QoS. */
import process from "node:process";
import { connectOrigin } from "websocket-service/origin";

const [broker = "", mode, qos] = process.argv.slice(2);
const origin = await connectOrigin({
  broker,
  mode: mode === "open" ? "open" : "assigned",
  ...(qos === "1" && { streamQos: 1 }),
});
origin.on("message", (event) => event.connection.send(event.data));
process.stdout.write(`${JSON.stringify({ event: "started" })}\n`);
