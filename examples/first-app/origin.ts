// A first application: whoever is in a room reads what is said there. It serves its page as well.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import process from "node:process";
import { connectOrigin } from "websocket-service/origin";

const origin = await connectOrigin({ broker: process.env.BROKER ?? "mqtt://127.0.0.1:1883" });

const roomOf = (path = "/"): string => `room:${path}`;

origin.on("open", async ({ connection, info }) => {
  await connection.join(roomOf(info.path));
  connection.send(`you are in ${info.path}`);
});
origin.on("message", ({ connection, data }) => {
  origin.group(roomOf(connection.info?.path)).publish(data);
});

// What it has begun is confirmed before it ends.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void origin.close().finally(() => process.exit(0)));
}

const gateway = "ws://127.0.0.1:8080";
const page = readFileSync(new URL("index.html", import.meta.url), "utf8").replace(
  gateway,
  process.env.GATEWAY ?? gateway,
);
const script = readFileSync(new URL("connect.js", import.meta.url));
const server = createServer(({ url }, answer) => {
  const isScript = url === "/connect.js";
  answer.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8");
  answer.end(isScript ? script : page);
});
const port = Number(process.env.PORT ?? 3000);
server.once("error", ({ message }) => {
  console.error(message);
  process.exit(1);
});
server.listen(port, "127.0.0.1", () => console.log(`open http://127.0.0.1:${port}/`));
