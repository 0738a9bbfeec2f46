import { type ErrorCode, ServiceError } from "../../../core/base/mod.ts";
import type { Settings } from "../../../core/config/mod.ts";
import type { Logger } from "../../../core/ports/mod.ts";
import type { ReloadAnswer } from "../../compose/mod.ts";
import { checkShares } from "../../workers/mod.ts";
import { changesOf } from "../settings/mod.ts";
import { type LoadedFiles, TlsFault } from "./node-reload.ts";

export interface ReloadSteps {
  /** Reads environment and config file again. Throws `setting-invalid`. */
  readonly read: () => Settings;
  /** Reads the files that the settings name. Rejects if one cannot be used. */
  readonly load: (settings: Settings) => Promise<LoadedFiles>;
  /** Uses both from now on. Resolves to what else has changed, in words. */
  readonly apply: (settings: Settings, files: LoadedFiles) => Promise<readonly string[]>;
}

/**
 * SIGHUP and `POST /admin/reload`: everything is read and checked first. If any of it is wrong,
 * all of it is refused, and the old settings stay.
 */
export class SettingsReload {
  readonly #steps: ReloadSteps;
  readonly #logger: Logger;
  #settings: Settings;
  #last: Promise<unknown> = Promise.resolve();

  constructor(settings: Settings, steps: ReloadSteps, logger: Logger) {
    this.#settings = settings;
    this.#steps = steps;
    this.#logger = logger;
  }

  /** One after the other. Never rejects. */
  reload(): Promise<ReloadAnswer> {
    const next = this.#last.then(() => this.#reload());
    this.#last = next;
    return next;
  }

  async #reload(): Promise<ReloadAnswer> {
    const { apply, load, read } = this.#steps;
    try {
      const { settings, changed, restart } = changesOf(this.#settings, read());
      // The workers that run, of which there may be more than the new settings ask for.
      checkShares(settings);
      const files = await load(settings);
      const others = await apply(settings, files);
      this.#settings = settings;
      return this.#logReloaded([...changed, ...others], restart);
    } catch (error) {
      return this.#logRefused(error);
    }
  }

  #logReloaded(changed: readonly string[], restart: readonly string[]): ReloadAnswer {
    const what = changed.length === 0 ? "nothing has changed" : changed.join("; ");
    const rest = restart.length === 0 ? "" : `; after a restart: ${restart.join(", ")}`;
    this.#logger.log("info", "reloaded", `reloaded: ${what}${rest}`);
    return { reloaded: true, changed, restart };
  }

  #logRefused(error: unknown): ReloadAnswer {
    const { message } = error as Error;
    const code = codeOf(error);
    const text = `nothing is reloaded, the old settings stay: ${message}`;
    const event = code === "tls-invalid" ? "tls-reload-failed" : "reload-refused";
    this.#logger.log("error", event, text, { code });
    return { reloaded: false, code, message };
  }
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof TlsFault) return "tls-invalid";
  return error instanceof ServiceError ? error.code : "internal";
}
