// Runs the rooms: npx bun examples/rooms/main.ts. Argument: the broker's URL.
import process from "node:process";
import { startRoomsOrigin } from "./origin.ts";

// A real token is a secret. Here the name is the token.
const users = new Map(["ada", "bob", "cid"].map((name) => [name, name]));
const broker = process.argv[2] ?? "mqtt://127.0.0.1:1883";
const origin = await startRoomsOrigin({ broker, users });
console.log(`The rooms are open for ${[...users.keys()].join(", ")}.`);

const stop = async (): Promise<void> => {
  await origin.close();
  process.exit(0);
};
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
