import { isMap } from "../base/mod.ts";
import type { Registry } from "../connection/mod.ts";
import type { Clock, CommandReceiver } from "../ports/mod.ts";
import { findConnection } from "./describe-connection.ts";
import { inspectLimits } from "./inspect-limits.ts";
import type { Question } from "./questions.ts";

export interface OperatorCommandDependencies {
  readonly registry: Registry;
  readonly clock: Clock;
  /** Carries a batch of commands out. */
  readonly execute: CommandReceiver;
}

/** Commands of operators to connections of this node. They take no bus, so they need no broker. */
export class OperatorCommands {
  readonly #dependencies: OperatorCommandDependencies;
  readonly #node: string;

  /** `node`: the name that the commands are sent under. */
  constructor(dependencies: OperatorCommandDependencies, node: string) {
    this.#dependencies = dependencies;
    this.#node = node;
  }

  /**
   * Resolves to what became of it, such as `sent` or `closed`, or to an error code: `gone` if the
   * app has no such connection here, `unknown` if that is not known after a while.
   */
  run({ id, app, item }: Extract<Question, { what: "command" }>): Promise<string> {
    const { clock, execute, registry } = this.#dependencies;
    const connection = findConnection(registry, id);
    const of = connection?.app.name;
    if (of === undefined || (app !== undefined && app !== of)) return Promise.resolve("gone");
    return new Promise((resolve) => {
      const cancel = clock.after(inspectLimits.commandMs, () => resolve("unknown"));
      const answer = (result: unknown): void => {
        const { [id]: outcome, error } = isMap(result) ? result : {};
        cancel();
        resolve(String(outcome ?? error ?? "unknown"));
      };
      const source = { app: of, sender: this.#node, topic: "admin", answer };
      const batch = JSON.stringify([[item[0], id, ...item.slice(1), { ref: 0, by: "admin" }]]);
      execute({ ...source, scope: "local" }, new TextEncoder().encode(batch));
    });
  }
}
