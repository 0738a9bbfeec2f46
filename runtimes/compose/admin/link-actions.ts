import type {
  ActionOutcome,
  AdminActions,
  CloseRequest,
  NodePresenceView,
} from "../../../adapters/admin/mod.ts";
import { Refusal } from "../../../adapters/http/mod.ts";
import { type Command, sendCommand } from "../../../adapters/http-wire/mod.ts";
import { LinkCommandPort } from "../../../adapters/service-port/mod.ts";
import type { BusPorts } from "../../../adapters/topics/mod.ts";
import { every, isMap } from "../../../core/base/mod.ts";

export interface LinkActionsOptions {
  readonly apps: readonly string[];
  readonly node: string;
  /** False in a supervisor, which is no node. */
  readonly isNode: boolean;
  readonly root: string;
  readonly lost: () => void;
}

/** Time for the first connection to the bus, and for the presence of a node that is asked for. */
const waitMs = 2_000;
const waitTickMs = 25;
/** A broker that refused the link may have other access rules by now. */
const refusedMs = 60_000;

/** Actions as commands on the bus, over a link that is opened when the first one is asked for. */
export class LinkActions implements AdminActions {
  readonly apps: readonly string[];
  readonly #options: LinkActionsOptions;
  readonly #ports: BusPorts;
  #commands: LinkCommandPort | undefined;
  #refusal: { readonly message: string; readonly at: number } | undefined;

  constructor(options: LinkActionsOptions, ports: BusPorts) {
    this.apps = options.apps;
    this.#options = options;
    this.#ports = ports;
  }

  send(id: string, data: string | Uint8Array, app?: string): Promise<ActionOutcome> {
    return this.#toOne(id, sendCommand([id], data), app);
  }

  close(id: string, { code, reason }: CloseRequest, app?: string): Promise<ActionOutcome> {
    const close = { verb: "close", ids: [id], closeCode: code, closeReason: reason } as const;
    return this.#toOne(id, { ...close, options: { by: "admin" } }, app);
  }

  async publish(
    app: string,
    group: string,
    data: string | Uint8Array,
  ): Promise<Readonly<Record<string, unknown>>> {
    const commands = await this.#open();
    const [result = {}] = await commands.run(app, [{ verb: "publish", group, data, options: {} }]);
    return result;
  }

  async find(id: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const commands = await this.#open();
    for (const app of this.apps) {
      if (!(await this.#isReached(commands, app, id))) continue;
      const query = { verb: "query", subject: [id], options: { info: true } } as const;
      const [result] = await commands.run(app, [query]);
      const listed = result?.connections;
      const [found] = Array.isArray(listed) ? listed : [];
      if (isMap(found)) return viewOf(app, found);
    }
    return undefined;
  }

  /** The nodes that have announced themselves; undefined if the bus cannot be read. */
  async nodes(own: (node: string) => boolean): Promise<NodePresenceView[] | undefined> {
    let commands: LinkCommandPort;
    try {
      commands = await this.#open();
    } catch {
      return undefined;
    }
    // They come a moment after the subscription.
    await this.#until(() => commands.nodePresences().size > 0, waitMs / 4);
    return Array.from(commands.nodePresences(), ([node, presence]) => {
      const { connections, runtime, version, at } = presence;
      return { node, connections, runtime, version, at, own: own(node) };
    });
  }

  async stop(): Promise<void> {
    await this.#commands?.stop();
  }

  async #toOne(id: string, command: Command, app: string | undefined): Promise<ActionOutcome> {
    const commands = await this.#open();
    let outcome = "gone";
    // A node answers `gone` for a connection of another app.
    for (const of of app === undefined ? this.apps : [app]) {
      if (outcome !== "gone" || !(await this.#isReached(commands, of, id))) continue;
      const [result = {}] = await commands.run(of, [command]);
      outcome = String(result[id] ?? result.error ?? "unknown");
    }
    return outcome;
  }

  /** Waits a moment for the node's presence, if the link is new. */
  async #isReached(commands: LinkCommandPort, app: string, id: string): Promise<boolean> {
    return this.#until(() => commands.reaches(app, id), waitMs / 4);
  }

  /** Rejects with `broker-lost`, or with what the broker refuses the link for. */
  async #open(): Promise<LinkCommandPort> {
    const { clock } = this.#ports;
    if (this.#refusal !== undefined && clock.ticks() - this.#refusal.at >= refusedMs) {
      await this.#commands?.stop();
      this.#commands = undefined;
      this.#refusal = undefined;
    }
    this.#commands ??= this.#start();
    const commands = this.#commands;
    await this.#until(() => commands.ready || this.#refusal !== undefined, waitMs);
    if (this.#refusal !== undefined) throw new Refusal("broker-refused", this.#refusal.message);
    if (commands.ready) return commands;
    throw new Refusal("broker-lost", "the broker is away: nothing can be sent now");
  }

  #start(): LinkCommandPort {
    const commands = new LinkCommandPort({ ...this.#options, role: "admin" }, this.#ports);
    commands.start().catch(({ message }: Error) => {
      this.#refusal = { message, at: this.#ports.clock.ticks() };
    });
    return commands;
  }

  /** Whether it became true in time. */
  #until(isTrue: () => boolean, ms: number): Promise<boolean> {
    if (isTrue()) return Promise.resolve(true);
    const { clock } = this.#ports;
    const endsAt = clock.ticks() + ms;
    return new Promise((resolve) => {
      const cancel = every(clock, waitTickMs, () => {
        const done = isTrue();
        if (!done && clock.ticks() < endsAt) return;
        cancel();
        resolve(done);
      });
    });
  }
}

/** What another node tells of its connection, under the names of the admin port. */
function viewOf(app: string, found: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { at, bufferedAmount, user, activeAt, closing, info } = found;
  const { path, ip, subprotocol } = isMap(info) ? info : {};
  return {
    app,
    path,
    user,
    address: ip ?? "",
    subprotocol,
    openedAt: at,
    lastActiveAt: activeAt,
    bytesWaiting: bufferedAmount,
    state: closing === true ? "closing" : "open",
  };
}
