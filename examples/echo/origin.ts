// An echo in TypeScript: each message goes back to its client. Argument: the broker's URL.
import process from "node:process";
import { connectOrigin } from "websocket-service/origin";

const origin = await connectOrigin({ broker: process.argv[2] ?? "mqtt://127.0.0.1:1883" });

origin.on("open", ({ connection, info }) => console.log(`${connection.id} opened ${info.path}`));
origin.on("message", ({ connection, data }) => connection.send(data));
origin.on("close", ({ connection, cause }) => console.log(`${connection.id} closed: ${cause}`));

process.once("SIGTERM", () => origin.close());
