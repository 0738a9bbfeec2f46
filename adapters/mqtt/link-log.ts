import type { Logger, LogLevel } from "../../core/ports/mod.ts";
import { redactUrl } from "./broker-url.ts";

const messages = {
  "broker-connected": "connected to the broker",
  "broker-lost": "the broker is lost; connecting again",
  "broker-unreachable": "the broker cannot be reached; connecting again",
  "broker-refused": "the broker refuses; giving up",
  "subscription-refused": "the broker does not grant a subscription any more",
} as const;

/** The lines of one link: which broker, and what the connection is for. */
export class LinkLog {
  readonly #logger: Logger;
  readonly #fields: { readonly broker: string; readonly role: string };

  constructor(logger: Logger, { url, role }: { readonly url: string; readonly role: string }) {
    this.#logger = logger;
    this.#fields = { broker: redactUrl(url), role };
  }

  log(level: LogLevel, event: string, fields: Readonly<Record<string, string>> = {}): void {
    const message = messages[event as keyof typeof messages] ?? event;
    this.#logger.log(level, event, message, { ...this.#fields, ...fields });
  }
}
