import { LatestMap } from "../../../core/base/mod.ts";
import type { Acknowledgement } from "../../../core/streams/mod.ts";
import { type Brokers, type BusPorts, isStop, type Link, startSome } from "../../topics/mod.ts";
import { type OriginIdentity, originLimits } from "../base/mod.ts";
import { type AnnouncedPresence, OriginControl } from "./origin-control.ts";

/** An origin's presence and acknowledgements, at one broker or at several. */
export interface Control
  extends Pick<
    OriginControl,
    "start" | "admitted" | "begin" | "announce" | "acknowledge" | "leave" | "stop"
  > {
  /** A batch of so many bytes has come from the node, by one of several brokers. */
  received(node: string, bytes: number, broker: number): void;
}

/** The control of an origin that receives its events over `link`. */
export function controlOf(
  identity: OriginIdentity,
  presence: AnnouncedPresence,
  link: Link,
  ports: BusPorts,
): Control {
  const { brokers } = ports;
  if (brokers === undefined) {
    return new OriginControl(identity, presence, () => link.up, ports);
  }
  const controls = Array.from({ length: brokers.size }, (_, broker) => {
    const openLink: BusPorts["openLink"] = (options) => brokers.open(broker, options);
    const ready = (): boolean => link.upAt?.(broker) === true;
    return new OriginControl(identity, presence, ready, { ...ports, openLink });
  });
  return new OriginControls(identity, controls, brokers, ports);
}

/**
 * An origin's controls at several brokers. It announces itself at each over which it receives
 * events. An acknowledgement goes to the broker that its events came from, since the node receives
 * there. So it arrives even if the node's usual broker is away and another one carries the events.
 */
class OriginControls implements Control {
  readonly #identity: OriginIdentity;
  readonly #controls: readonly OriginControl[];
  readonly #brokers: Brokers;
  readonly #ports: BusPorts;
  readonly #ways: LatestMap<string, number> = new LatestMap(originLimits.sourcesMax);
  readonly #isUp: (broker: number) => boolean;

  constructor(
    identity: OriginIdentity,
    controls: readonly OriginControl[],
    brokers: Brokers,
    ports: BusPorts,
  ) {
    this.#identity = identity;
    this.#controls = controls;
    this.#brokers = brokers;
    this.#ports = ports;
    this.#isUp = (broker) => controls[broker]?.up === true;
  }

  start(): Promise<void> {
    return this.#some(this.#controls.map((control) => control.start()));
  }

  /** A broker that is away is asked when it comes. */
  admitted(): Promise<void> {
    const present = this.#controls.filter(({ up }) => up);
    for (const control of this.#controls) {
      if (!control.up) control.admitted().catch((error: Error) => this.#refused(error));
    }
    return this.#some(present.map((control) => control.admitted()));
  }

  begin(): void {
    for (const control of this.#controls) control.begin();
  }

  announce(): void {
    for (const control of this.#controls) control.announce();
  }

  received(node: string, bytes: number, broker: number): void {
    if (this.#ways.get(node) !== broker) this.#ways.set(node, broker);
    this.#controls[broker]?.received(node, bytes);
  }

  acknowledge(node: string, ack: Acknowledgement): void {
    this.#controls[this.#wayTo(node)]!.acknowledge(node, ack);
  }

  leave(): void {
    for (const control of this.#controls) control.leave();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#controls.map((control) => control.stop()));
  }

  #wayTo(node: string): number {
    const way = this.#ways.get(node);
    if (way !== undefined && this.#isUp(way)) return way;
    const { app, name, topics } = this.#identity;
    return this.#brokers.ownerOf(topics.nodeCommands(app, node, name), this.#isUp);
  }

  async #some(starts: readonly Promise<void>[]): Promise<void> {
    try {
      await startSome(starts, this.#ports.clock, (error) => this.#refused(error));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  #refused(error: Error): void {
    if (isStop(error)) return;
    this.#ports.logger.log("error", "broker-refused", "a broker refuses this origin", {
      code: "broker-refused",
      origin: this.#identity.name,
      reason: error.message,
    });
  }
}
