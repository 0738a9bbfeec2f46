import { ServiceError } from "../../../core/base/mod.ts";
import type { PublishDone } from "../../topics/mod.ts";
import { mqttLimits } from "./mqtt-limits.ts";

export interface Publish {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly done: PublishDone;
}

/**
 * The QoS 1 publishes of one connection: a limited number is in flight, the rest waits in order.
 * MQTT.js does not observe the broker's Receive Maximum (MQTT 5, 4.9), so this class does. A slow
 * broker must not fill the memory: past a number of publishes, or of their bytes, the next one
 * fails with `window-full`, unless the caller bounds them itself.
 */
export class PublishWindow {
  /** No second publish is in flight, whatever the broker allows. */
  oneAtATime = false;
  readonly #send: (publish: Publish, acked: PublishDone) => void;
  readonly #inFlight: Set<Publish> = new Set();
  readonly #bounded: boolean;
  #waiting: Publish[] = [];
  #bytes = 0;
  #max: number = mqttLimits.inFlightMax;

  constructor(send: (publish: Publish, acked: PublishDone) => void, bounded = true) {
    this.#send = send;
    this.#bounded = bounded;
  }

  /** Publishes that the broker has not confirmed, waiting ones included. */
  get size(): number {
    return this.#inFlight.size + this.#waiting.length;
  }

  /** The broker's Receive Maximum, if it names one. */
  limit(max: number | undefined): void {
    this.#max = Math.min(max ?? mqttLimits.inFlightMax, mqttLimits.inFlightMax);
  }

  add(publish: Publish): void {
    if (this.#full(publish.payload.byteLength)) {
      publish.done(new ServiceError("window-full", "too many publishes wait for the broker"));
      return;
    }
    this.#bytes += publish.payload.byteLength;
    if (this.#hasRoom && this.#waiting.length === 0) this.#start(publish);
    else this.#waiting.push(publish);
  }

  /** The connection is gone: everything unconfirmed fails, in the order it was given. */
  fail(error: ServiceError): void {
    const lost = [...this.#inFlight, ...this.#waiting];
    this.#inFlight.clear();
    this.#waiting = [];
    this.#bytes = 0;
    for (const publish of lost) publish.done(error);
  }

  get #hasRoom(): boolean {
    return this.#inFlight.size < (this.oneAtATime ? 1 : this.#max);
  }

  #full(bytes: number): boolean {
    if (!this.#bounded || this.size === 0) return false;
    const { waitingMax, unansweredBytesMax } = mqttLimits;
    return this.#waiting.length >= waitingMax || this.#bytes + bytes > unansweredBytesMax;
  }

  #start(publish: Publish): void {
    this.#inFlight.add(publish);
    this.#send(publish, (error, hasSubscriber) => {
      // After `fail` the publish has had its answer.
      if (!this.#inFlight.delete(publish)) return;
      this.#bytes -= publish.payload.byteLength;
      publish.done(error, hasSubscriber);
      while (this.#waiting.length > 0 && this.#hasRoom) this.#start(this.#waiting.shift()!);
    });
  }
}
