import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import type { Settings } from "../../core/config/mod.ts";
import type { Page } from "../../core/mod.ts";
import type { Logger } from "../../core/ports/mod.ts";
import { startChatOrigin } from "../../examples/chat/origin.ts";
import { chatPage } from "../../examples/chat/page.ts";
import type { Platform, Service } from "../compose/mod.ts";

/** What `dev` takes where nothing is said: one machine, and origins that learn fast. */
export const devDefaults: Partial<Settings> = {
  host: "127.0.0.1",
  "keep-alive-interval": 2_000,
  "drain-period": 0,
};

/** The page that the client port serves in `dev`. */
export const devPages: ReadonlyMap<string, Page> = new Map([
  ["/", { contentType: "text/html; charset=utf-8", body: chatPage }],
]);

const originFile = "examples/chat/origin.ts";
const originEntry = "examples/chat/main.ts";
/** An example origin that takes longer to leave is killed. */
const originStopMs = 2_000;

/**
 * Starts the example origin: from its source, restarted whenever that changes, or built in where
 * there is no source. Resolves to what ends it.
 */
export async function startDevOrigin(
  service: Service,
  platform: Platform,
  logger: Logger,
): Promise<() => Promise<void> | void> {
  const { settings, port } = service;
  const options = { broker: service.brokerUrl, app: settings.app, root: settings["topic-root"] };
  const scheme = settings["tls-cert"] === "" ? "http" : "https";
  const url = `${scheme}://${settings.host}:${port}/`;
  const watch = existsSync(originFile) ? platform.watch(originEntry) : undefined;
  if (watch === undefined) {
    const origin = await startChatOrigin(options);
    logger.log("info", "dev", `open ${url} in two tabs and chat`, { url });
    return () => origin.close();
  }
  let stopping = false;
  const environment = {
    ...process.env,
    CHAT_BROKER: options.broker,
    CHAT_APP: options.app,
    CHAT_ROOT: options.root,
  };
  const { command, signal } = watch;
  const child = spawn(process.execPath, command, {
    env: environment,
    stdio: ["pipe", "inherit", "inherit"],
    // Ctrl-C would reach it too, and the last events would find nobody who confirms them.
    detached: true,
  });
  // However this process ends: at its exit by a signal, at its death by the end of the pipe.
  process.on("exit", () => child.kill("SIGKILL"));
  const ended = new Promise<void>((resolve) => {
    child.on("exit", (code) => {
      resolve();
      if (!stopping) logger.log("info", "dev-origin", "the origin ended", { code });
    });
  });
  const hint = `the chat's origin is ${originFile}: change it, it starts anew, no client notices`;
  logger.log("info", "dev", `open ${url} in two tabs and chat`, { url });
  logger.log("info", "dev-hint", hint, { file: originFile });
  return async () => {
    stopping = true;
    child.kill(signal);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, originStopMs))]);
    child.kill("SIGKILL");
  };
}
