import { SystemClock } from "../../../adapters/system/mod.ts";
import { ServiceError } from "../../../core/base/mod.ts";
import type { Settings } from "../../../core/config/mod.ts";
import type { Authorizer } from "../../../core/ports/mod.ts";
import type { Service } from "../../compose/mod.ts";
import type { ServerTls } from "../../server/mod.ts";
import { createAuthorizer, readTlsFiles, readTokenFiles } from "../settings/mod.ts";
import type { ProgramLogger } from "./create-logger.ts";

type JwtAuthorizer = NonNullable<Awaited<ReturnType<typeof createAuthorizer>>>;

/** What was read of files, and can be used. */
export interface LoadedFiles {
  readonly tls: ServerTls | undefined;
  /** Undefined if keys and rules of tokens are as before. */
  readonly authorizer: JwtAuthorizer | undefined;
  /** Tells whether keys and rules of tokens are other ones. */
  readonly tokens: string;
}

/** What a reload says of them. */
const tokensName = "keys and rules of tokens";

/** A file of the certificate cannot be used. */
export class TlsFault extends Error {}

/** Tells what other files change, for a process that does not use them itself. */
export class KnownFiles {
  #tokens: string;
  #tls: string;

  constructor(settings: Settings) {
    this.#tokens = tokensOf(settings);
    try {
      this.#tls = JSON.stringify(readTlsFiles(settings).server ?? null);
    } catch {
      // The process that uses them says so, and does not start.
      this.#tls = "";
    }
  }

  /** What has changed since the last call. */
  changes({ tls: given, tokens }: LoadedFiles): string[] {
    const changed: string[] = [];
    const tls = JSON.stringify(given ?? null);
    if (tokens !== this.#tokens) changed.push(tokensName);
    if (tls !== this.#tls) changed.push("files of the certificate");
    this.#tokens = tokens;
    this.#tls = tls;
    return changed;
  }
}

/** Everything that decides about tokens, as one text. */
function tokensOf(settings: Settings): string {
  const names = Object.keys(settings).filter((name) => name.startsWith("jwt-"));
  const values = names.map((name) => settings[name as keyof Settings]);
  return JSON.stringify([values, readTokenFiles(settings)]);
}

/** Reads the files that settings name. Rejects if one cannot be used: then nothing has changed. */
export async function loadFiles(
  settings: Settings,
  known: string,
  logger: ProgramLogger,
): Promise<LoadedFiles> {
  let tls: ServerTls | undefined;
  try {
    tls = readTlsFiles(settings).server;
  } catch (error) {
    throw error instanceof ServiceError ? new TlsFault(error.message) : error;
  }
  const tokens = tokensOf(settings);
  const ports = { clock: new SystemClock(), logger };
  const authorizer = tokens === known ? undefined : await createAuthorizer(settings, ports);
  return { tls, authorizer, tokens };
}

/** Gives a running node other settings, and what was read again of files. */
export class NodeReload {
  readonly #service: Service;
  readonly #logger: ProgramLogger;
  #authorizer: Pick<JwtAuthorizer, "close"> | undefined;
  #tokens: string;

  constructor(service: Service, authorizer: Authorizer | undefined, logger: ProgramLogger) {
    this.#service = service;
    this.#logger = logger;
    this.#authorizer = authorizer as JwtAuthorizer | undefined;
    this.#tokens = tokensOf(service.settings);
  }

  load(settings: Settings): Promise<LoadedFiles> {
    return loadFiles(settings, this.#tokens, this.#logger);
  }

  /** What has changed besides the settings, or could not. */
  async apply(settings: Settings, { tls, authorizer, tokens }: LoadedFiles): Promise<string[]> {
    const changed: string[] = [];
    this.#logger.setLevels(settings["log-level"]);
    authorizer?.start();
    this.#service.reload(settings, authorizer);
    if (authorizer !== undefined) {
      this.#authorizer?.close();
      this.#authorizer = authorizer;
      this.#tokens = tokens;
      changed.push(tokensName);
    }
    if (tls !== undefined && (await this.#reloadTls(tls))) changed.push("certificate");
    return changed;
  }

  async #reloadTls(tls: ServerTls): Promise<boolean> {
    const { isSame, taken } = await this.#service.reloadTls(tls);
    if (taken) {
      if (isSame) return false;
      const message = "the certificate is reloaded: new clients get the new one";
      this.#logger.log("info", "tls-reloaded", message);
      return true;
    }
    const message = "this engine cannot change its certificate while it runs: restart the node";
    this.#logger.log("warn", "tls-reload-failed", message, { code: "tls-invalid" });
    return false;
  }
}
