/**
 * An origin of the fault tests, over the library, in a process of its own. Arguments: broker, name,
 * milliseconds that each message takes (0: handled at once, -1: for ever). Prints one line for each
 * event when it is given to the handler: `at type id seq data`.
 */
import process from "node:process";
import { connectOrigin } from "websocket-service/origin";

const [broker = "", name = "", delay = "0"] = process.argv.slice(2);
const origin = await connectOrigin({ broker, name });

const tell = (...words: (string | number)[]): void => {
  process.stdout.write(`${Date.now()} ${words.join(" ")}\n`);
};

const work = (): Promise<void> | void => {
  if (delay === "0") return;
  return new Promise((resolve) => {
    if (delay !== "-1") setTimeout(resolve, Number(delay));
  });
};

origin.on("open", ({ connection }) => tell("open", connection.id, 0));
origin.on("message", ({ connection, data, seq }) => {
  tell("message", connection.id, seq, String(data));
  connection.send(data);
  return work();
});
origin.on("close", ({ connection, code, cause }) => tell("close", connection.id, code, cause));
origin.on("error", ({ error }) => tell("error", "-", 0, String(error)));
process.on("SIGTERM", () => void origin.close().then(() => process.exit(0)));
tell("started", name, 0);
