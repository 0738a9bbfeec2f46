import type { ServiceError } from "../../../core/base/mod.ts";

/** What one check came to. */
export interface Finding {
  /** Of the check: stable, for programs. */
  readonly check: string;
  /** `unknown`: it could not be found out. */
  readonly status: "ok" | "warning" | "failed" | "unknown";
  readonly said: string;
  /** What to change; where there is something to change. */
  readonly advice?: string;
}

/** Where checks put what they find. */
export class Findings {
  readonly all: Finding[] = [];
  readonly #found: (finding: Finding) => void;

  /** `found` is called at once with each, because some checks take seconds. */
  constructor(found: (finding: Finding) => void) {
    this.#found = found;
  }

  ok(check: string, said: string): void {
    this.#add({ check, status: "ok", said });
  }

  warning(check: string, said: string, advice: string): void {
    this.#add({ check, status: "warning", said, advice });
  }

  failed(check: string, said: string, advice: string): void {
    this.#add({ check, status: "failed", said, advice });
  }

  unknown(check: string, said: string): void {
    this.#add({ check, status: "unknown", said });
  }

  #add(finding: Finding): void {
    this.all.push(finding);
    this.#found(finding);
  }
}

/** The text of an error for a person; a fault of this program's own is not hidden. */
export function textOf(error: unknown): string {
  const { message } = error as ServiceError;
  return message;
}
