import process from "node:process";
import { startChatOrigin } from "./origin.ts";

const { CHAT_BROKER, CHAT_APP, CHAT_ROOT } = process.env;
const origin = await startChatOrigin({
  broker: CHAT_BROKER ?? "mqtt://127.0.0.1:1883",
  app: CHAT_APP ?? "default",
  root: CHAT_ROOT ?? "wss",
});

const stop = async (): Promise<void> => {
  await origin.close();
  process.exit(0);
};
// `dev` holds the other end of this pipe: when it is gone, so is this origin.
process.stdin.on("end", stop).resume();
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
