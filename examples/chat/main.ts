import process from "node:process";
import { startChatOrigin } from "./origin.ts";

// `dev` holds the other end of this pipe: when it is gone, so is this origin, connected or not
// yet, and with it a watcher that would wait for changes of its source.
process.stdin.on("end", () => process.kill(process.pid, "SIGKILL")).resume();

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
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
