import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import type { Settings } from "../../../core/config/mod.ts";
import type { Page } from "../../../core/mod.ts";
import type { Logger } from "../../../core/ports/mod.ts";
import { startChatOrigin } from "../../../examples/chat/origin.ts";
import { chatPage } from "../../../examples/chat/page.ts";
import type { Platform, Service } from "../../compose/mod.ts";

/** The defaults of `dev`: reachable from this machine only, short intervals, no drain. */
export const devDefaults: Partial<Settings> = {
  host: "127.0.0.1",
  "keep-alive-interval": 2_000,
  "drain-period": 0,
};

/** The example's page, which the client port serves in `dev`. */
export const devPages: ReadonlyMap<string, Page> = new Map([
  ["/", { contentType: "text/html; charset=utf-8", body: chatPage }],
]);

const originFile = "examples/chat/origin.ts";
const originEntry = "examples/chat/main.ts";
/** An example origin that takes longer to end is killed. */
const originStopMs = 2_000;

/**
 * Starts the example origin. Where its source is there, it runs as a process that restarts
 * whenever the source changes; otherwise the built-in one runs in this process. Resolves to a
 * function that ends it.
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
  const tell = (): void => {
    logger.log("info", "dev", `open ${url} in two browser tabs and chat`, { url });
    const adminUrl = `http://${settings["admin-host"]}:${service.adminPort}/`;
    const console = `${adminUrl} shows what the gateway does: the console`;
    logger.log("info", "dev-console", console, { url: adminUrl });
  };
  const watch = existsSync(originFile) ? platform.watch(originEntry) : undefined;
  if (watch === undefined) {
    const origin = await startChatOrigin(options);
    tell();
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
    // In a group of its own, because Ctrl-C would end it first: it confirms the last events.
    detached: true,
  });
  // The origin must not outlive this process: here it is killed at the exit; if this process
  // is killed itself, the end of its standard input ends it.
  process.on("exit", () => child.kill("SIGKILL"));
  const ended = new Promise<void>((resolve) => {
    child.on("exit", (code) => {
      resolve();
      if (!stopping) logger.log("info", "dev-origin", "the example origin has ended", { code });
    });
  });
  const hint = `the chat's origin is ${originFile}: change it, and it restarts; no client is cut`;
  tell();
  logger.log("info", "dev-hint", hint, { file: originFile });
  return async () => {
    stopping = true;
    child.kill(signal);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, originStopMs))]);
    child.kill("SIGKILL");
  };
}
