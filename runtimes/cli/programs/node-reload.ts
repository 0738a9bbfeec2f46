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

/** What a process has of tokens, before it loads files again. */
interface KnownTokens {
  readonly tokens: string;
  /** The URL of the JWKS that gives keys. One at another URL must give some first. */
  readonly checkedJwksUrl: string;
  readonly authorizer?: JwtAuthorizer | undefined;
}

/** What a reload says of them. */
const tokensName = "keys and rules of tokens";

/** A file of the certificate cannot be used. */
export class TlsFault extends Error {}

/** Tells what other files change, for a process that does not use them itself. */
export class KnownFiles {
  #tokens: string;
  #tls: string;
  #jwksUrl: string;

  constructor(settings: Settings) {
    this.#tokens = tokensOf(settings);
    this.#jwksUrl = settings["jwt-jwks"];
    try {
      this.#tls = JSON.stringify(readTlsFiles(settings).server ?? null);
    } catch {
      // The process that uses them says so, and does not start.
      this.#tls = "";
    }
  }

  /** Checks what settings name. Rejects if it cannot be used. */
  async load(settings: Settings, logger: ProgramLogger): Promise<LoadedFiles> {
    const files = await loadFiles(settings, { tokens: "", checkedJwksUrl: this.#jwksUrl }, logger);
    files.authorizer?.close();
    return files;
  }

  /** What has changed since the last call. */
  changes(settings: Settings, { tls: given, tokens }: LoadedFiles): string[] {
    this.#jwksUrl = settings["jwt-jwks"];
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

/**
 * Reads the files that settings name, and the keys of a JWKS that is new. Rejects if one cannot be
 * used: then nothing has changed.
 */
export async function loadFiles(
  settings: Settings,
  known: KnownTokens,
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
  if (tokens === known.tokens) return { tls, authorizer: undefined, tokens };
  const authorizer = await createAuthorizer(settings, ports);
  if (known.authorizer !== undefined) authorizer?.adoptKeys(known.authorizer);
  // Nobody would get in by keys that cannot be had.
  if (settings["jwt-jwks"] !== known.checkedJwksUrl) await authorizer?.fetchKeys();
  return { tls, authorizer, tokens };
}

/** Gives a running node other settings, and what was read again of files. */
export class NodeReload {
  readonly #service: Service;
  readonly #logger: ProgramLogger;
  #authorizer: JwtAuthorizer | undefined;
  #tokens: string;

  constructor(service: Service, authorizer: Authorizer | undefined, logger: ProgramLogger) {
    this.#service = service;
    this.#logger = logger;
    this.#authorizer = authorizer as JwtAuthorizer | undefined;
    this.#tokens = tokensOf(service.settings);
  }

  /** A worker's supervisor has checked that a new JWKS gives keys. */
  load(settings: Settings, isWorker: boolean = false): Promise<LoadedFiles> {
    const { "jwt-jwks": checkedJwksUrl } = isWorker ? settings : this.#service.settings;
    const known = { tokens: this.#tokens, checkedJwksUrl, authorizer: this.#authorizer };
    return loadFiles(settings, known, this.#logger);
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
