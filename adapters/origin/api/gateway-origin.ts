import { nodeOf } from "../../../core/base/mod.ts";
import type { BusPorts } from "../../topics/mod.ts";
import type { MessageData, PublishOptions } from "../base/mod.ts";
import { Composition } from "./composition.ts";
import { Origin } from "./origin.ts";
import type { LinkedOriginOptions } from "./origin-options.ts";

/** The library as the gateway itself uses it: over any link, and with what it alone needs. */
export class GatewayOrigin extends Origin {
  readonly #composition: Composition;

  constructor(options: LinkedOriginOptions, ports: BusPorts) {
    const composition = new Composition(options, ports);
    super(composition);
    this.#composition = composition;
  }

  /** Whether the node that an id names lives, as far as this origin knows. */
  reaches(id: string): boolean {
    return this.#composition.lives(nodeOf(id));
  }

  /**
   * Publishes through the node of a connection: in order with the other commands for connections
   * of that node. Members at other nodes may get it later than those.
   */
  publishThrough(id: string, group: string, data: MessageData, options?: PublishOptions): void {
    this.#composition.publisher.publishThrough(nodeOf(id), group, data, options);
  }
}
