import { ServiceError } from "../../core/base/mod.ts";
import type { Link, LinkPorts, PublishDone } from "../topics/mod.ts";
import { mqttLimits } from "./link/mod.ts";

interface Publish {
  readonly topic: string;
  readonly payload: Uint8Array;
}

type GuardedLink = Pick<Link, "publish" | "publishAtMostOnce" | "oneAtATime">;

function same(one: Publish | undefined, other: Publish): boolean {
  if (one?.topic !== other.topic || one.payload.length !== other.payload.length) return false;
  return one.payload.every((byte, index) => byte === other.payload[index]);
}

/**
 * Finds out which publish a broker ends the connection over. MQTT 3.1.1 has no other answer to a
 * packet above a limit or against an access rule, and repeated after each reconnect such a publish
 * would hold up all others for ever. After `mqttLimits.shortSessionsMax` short sessions in a row
 * the link sends one publish at a time. After `mqttLimits.strikesMax` sessions that ended over
 * the same one it counts as too large or, if it is small, as refused.
 */
export class PoisonGuard {
  readonly #link: GuardedLink;
  readonly #ports: Pick<LinkPorts, "clock" | "logger">;
  #bytesMax = Number.POSITIVE_INFINITY;
  #upSince = 0;
  #careful = false;
  /** Short sessions in a row that ended with a publish in flight. */
  #falls = 0;
  /** The first publish that the end of this session left unanswered. */
  #unanswered: Publish | undefined;
  /** The last publish of this session that the broker does not answer. */
  #last: Publish | undefined;
  #suspect: Publish | undefined;
  /** Sessions in a row that ended with the suspect as the only publish in flight. */
  #strikes = 0;
  /** The broker refuses this publish: when it comes again, it fails with `publish-refused`. */
  #refused: Publish | undefined;
  /** Publishes that the link has not answered. */
  #pending = 0;

  constructor(link: GuardedLink, ports: Pick<LinkPorts, "clock" | "logger">) {
    this.#link = link;
    this.#ports = ports;
  }

  /** The largest payload that the broker takes, as far as this is known. */
  get bytesMax(): number {
    return this.#bytesMax;
  }

  publish(topic: string, payload: Uint8Array, done: PublishDone): void {
    const publish = { topic, payload };
    if (same(this.#refused, publish)) {
      this.#refused = undefined;
      const error = new ServiceError(
        "publish-refused",
        `${topic}: the broker ends the connection over each publish`,
      );
      // Callers rely on it that `done` is not called before this method returns.
      queueMicrotask(() => done(error));
      return;
    }
    this.#pending++;
    this.#link.publish(topic, payload, (error, hasSubscriber) => {
      this.#pending--;
      const lost = error?.code === "broker-lost";
      if (lost) this.#unanswered ??= publish;
      done(error, hasSubscriber);
      if (!lost) this.#relax();
    });
  }

  /** Publishes at QoS 1 while careful: at QoS 0 no answer shows which publish the broker took. */
  publishAtMostOnce(topic: string, payload: Uint8Array, done: PublishDone, room?: number): void {
    if (this.#careful) {
      this.publish(topic, payload, done);
      return;
    }
    this.#last = { topic, payload };
    this.#link.publishAtMostOnce(topic, payload, done, room);
  }

  /** The link is up or down. Before it says down, it answers every publish in flight. */
  connected(connected: boolean): void {
    const { clock } = this.#ports;
    if (connected) {
      this.#upSince = clock.ticks();
      this.#unanswered = this.#last = undefined;
      if (this.#careful) clock.after(mqttLimits.shortSessionMs, () => this.#relax());
      return;
    }
    const suspect = this.#unanswered ?? this.#last;
    if (suspect !== undefined) this.#fell(suspect);
  }

  get #short(): boolean {
    return this.#ports.clock.ticks() - this.#upSince < mqttLimits.shortSessionMs;
  }

  /** Ends the careful mode, if this session has lasted and nothing waits. */
  #relax(): void {
    if (!this.#careful || this.#pending > 0 || this.#short) return;
    this.#careful = this.#link.oneAtATime = false;
    this.#falls = this.#strikes = 0;
    this.#suspect = undefined;
  }

  #fell(suspect: Publish): void {
    if (!this.#careful) {
      this.#falls = this.#short ? this.#falls + 1 : 1;
      this.#careful = this.#falls >= mqttLimits.shortSessionsMax;
      this.#link.oneAtATime = this.#careful;
      return;
    }
    this.#strikes = same(this.#suspect, suspect) ? this.#strikes + 1 : 1;
    this.#suspect = suspect;
    if (this.#strikes >= mqttLimits.strikesMax) this.#conclude(suspect);
  }

  #conclude(suspect: Publish): void {
    const bytes = suspect.payload.length;
    this.#strikes = 0;
    this.#suspect = undefined;
    if (bytes <= mqttLimits.packetBytesFloor) {
      // The size was not the reason, although larger packets suggested it.
      this.#bytesMax = Number.POSITIVE_INFINITY;
      this.#refused = suspect;
      const { topic } = suspect;
      const code = "publish-refused";
      const refusal = "the broker ends the connection over each publish to a topic";
      this.#ports.logger.log("error", code, refusal, { code, topic });
      return;
    }
    this.#bytesMax = Math.max(mqttLimits.packetBytesFloor, Math.min(bytes, this.#bytesMax) >> 1);
    const message =
      "the broker ends the connection over a large packet; packets are smaller from now on";
    const bytesMax = this.#bytesMax;
    const code = "batch-too-big";
    this.#ports.logger.log("error", "packet-limit", message, { code, bytes, bytesMax });
  }
}
