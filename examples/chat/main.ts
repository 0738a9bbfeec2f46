import process from "node:process";
import { startChatOrigin } from "./origin.ts";

// stdin is a pipe from the gateway (`dev`). When the gateway is gone, the pipe ends, and this
// process ends too. A file watcher around it ends with it.
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
