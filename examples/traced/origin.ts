// An echo whose messages belong to the trace of what they answer. Argument: the broker's URL.
import process from "node:process";
import { connectOrigin } from "websocket-service/origin";

const origin = await connectOrigin({ broker: process.argv[2] ?? "mqtt://127.0.0.1:1883" });

origin.on("message", ({ connection, data, trace }) => {
  connection.send(data, { trace });
});

process.once("SIGTERM", () => origin.close());
