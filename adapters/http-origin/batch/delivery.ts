import { backOffMs, jittered, ServiceError } from "../../../core/base/mod.ts";
import type { Cancel, Clock } from "../../../core/ports/mod.ts";
import type { HttpAnswer } from "../../http-client/mod.ts";
import { type AnswerContent, decisionsOf, isRefusal, isSuccess, readAnswer } from "./answer.ts";
import { batchLimits } from "./batch-limits.ts";
import type { NodeEvents } from "./node-events.ts";
import { joinPieces, type Piece } from "./piece.ts";
import { parseItem } from "./scan-items.ts";

export interface DeliveryOptions {
  readonly node: string;
  readonly clock: Clock;
  /** Items in one request. */
  readonly itemsMax: number;
  /** How long a failed request is tried again before the origin counts as gone. */
  readonly retryMs: number;
  /** Whether commands in answers are carried out besides decisions on handshakes. */
  readonly replies: boolean;
  /**
   * Whether the origin was given up over this node's events lately. One of them may be the cause.
   * If requests fail although the origin can be reached, that event is searched for.
   */
  readonly suspicious: () => boolean;
}

/** What a delivery works with. */
export interface DeliveryPorts {
  /** `id` is the same for the same body. */
  post(body: Uint8Array, id: string): Promise<HttpAnswer>;
  /** Between 0 and 1. */
  random(): number;
  /** Carries out the commands of an answer to events of this node. */
  carryOut(content: AnswerContent): void;
  /** Resolves when nodes have taken enough of the commands; undefined if they have. */
  room(): Promise<void> | undefined;
  /** A request failed and is sent again. */
  retried(error: ServiceError): void;
  /** Whether the origin answers a batch without items. */
  reachable(): Promise<boolean>;
  /** The origin refuses this item for good. It is left out, and its connection is closed. */
  refused(item: readonly unknown[]): void;
  /** This item has failed alone for the whole time. It is left out, its connection closed. */
  gaveUp(item: readonly unknown[]): void;
  /** The origin cannot be reached. All events go to other origins. */
  unreachable(): void;
  failed(error: ServiceError): void;
}

/** Where an item is searched for that the origin does not take: in this stream, below `end`. */
interface Search {
  readonly stream: string;
  readonly end: number;
}

/**
 * POSTs the events of one node, one request after the other, each with what came meanwhile. A
 * request that fails is sent again until the origin counts as gone. If it fails again when the
 * origin is back, fewer items at once are sent, until the one is found that it does not take.
 */
export class BatchDelivery {
  readonly #events: NodeEvents;
  readonly #options: DeliveryOptions;
  readonly #ports: DeliveryPorts;
  #busy = false;
  #stopped = false;
  /** Items in the next request. Fewer while an item is searched for that the origin refuses. */
  #itemsMax: number;
  #search: Search | undefined;
  /** Items that were left out lately, because they failed alone. */
  #found = 0;
  #failures = 0;
  /** When the first of the requests began that have failed in a row. */
  #failingSince = 0;
  /** Number of the next request whose items belong to no stream. */
  #bare = 0;
  #cancel: Cancel = () => {};

  constructor(events: NodeEvents, options: DeliveryOptions, ports: DeliveryPorts) {
    this.#events = events;
    this.#options = options;
    this.#ports = ports;
    this.#itemsMax = options.itemsMax;
  }

  /** Sends what is there, if no request is under way. */
  pump(): void {
    if (this.#busy || this.#stopped) return;
    const pieces = this.#events.take(this.#itemsMax, batchLimits.requestBytesMax);
    if (pieces.length === 0) return;
    this.#busy = true;
    void this.#deliver(pieces);
  }

  /** Sends nothing more. A late answer changes nothing. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #deliver(pieces: readonly Piece[]): Promise<void> {
    const room = this.#ports.room();
    if (room !== undefined) await room;
    if (this.#stopped) return;
    if (this.#failures === 0) this.#failingSince = this.#options.clock.ticks();
    try {
      const answer = await this.#ports.post(joinPieces(pieces), this.#idOf(pieces));
      if (this.#stopped) return;
      if (isSuccess(answer)) await this.#succeeded(pieces, answer);
      else if (isRefusal(answer)) this.#refused(pieces, answer);
      else await this.#failed(pieces, statusError(answer));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (!this.#stopped) await this.#failed(pieces, error);
    }
  }

  /** The id of a request: the same for the same items. */
  #idOf(pieces: readonly Piece[]): string {
    const { stream, first } = pieces[0]!;
    if (stream === undefined) return `${this.#options.node}:bare:${this.#bare}`;
    return `${stream}:${first}-${pieces.at(-1)!.end}`;
  }

  async #succeeded(pieces: readonly Piece[], answer: HttpAnswer): Promise<void> {
    const { stream, first } = pieces[0]!;
    const { end } = pieces.at(-1)!;
    const { replies, itemsMax } = this.#options;
    const read = readAnswer(answer, stream, (error) => this.#ports.failed(error));
    const content = replies ? read : decisionsOf(read);
    const confirmed = Math.min(content.confirmed ?? end, end);
    // If nothing is confirmed, the request is sent again. The next answer has the commands again.
    const isTaken = stream === undefined || confirmed > first;
    if (isTaken && content.commands.length > 0) this.#ports.carryOut(content);
    this.#events.confirm(pieces, confirmed);
    if (stream === undefined) this.#bare++;
    else if (!isTaken) {
      const message = "the HTTP origin confirms nothing";
      await this.#failed(pieces, new ServiceError("http-status", message));
      return;
    }
    this.#failures = 0;
    if (this.#isPast(stream, confirmed)) {
      this.#search = undefined;
      this.#itemsMax = Math.min(2 * this.#itemsMax, itemsMax);
    }
    this.#next();
  }

  /** Sends half as many items, down to the one that the origin refuses: that one is left out. */
  #refused(pieces: readonly Piece[], answer: HttpAnswer): void {
    const items = itemsOf(pieces);
    if (items > 1) {
      this.#sendFewer(Math.ceil(items / 2));
      return;
    }
    this.#ports.failed(statusError(answer));
    this.#leaveOut(pieces, (item) => this.#ports.refused(item));
  }

  async #failed(pieces: readonly Piece[], error: ServiceError): Promise<void> {
    this.#ports.retried(error);
    const items = itemsOf(pieces);
    const left = this.#failingSince + this.#timeFor(items) - this.#options.clock.ticks();
    // A single item is tried for the usual time before it is blamed; several are divided at once.
    const isAtFault = (items > 1 || left <= 0) && (await this.#mayBeAtFault());
    if (this.#stopped) return;
    if (isAtFault && items > 1) this.#searchIn(pieces, items);
    else if (isAtFault) {
      this.#found++;
      this.#leaveOut(pieces, (item) => this.#ports.gaveUp(item));
    } else if (left > 0) this.#tryLater(left);
    else {
      this.stop();
      this.#ports.unreachable();
    }
  }

  /** How long a request is tried again. With each item that was found the next has less time. */
  #timeFor(items: number): number {
    const { retryMs, suspicious } = this.#options;
    if (!suspicious()) this.#found = 0;
    if (items > 1) return retryMs;
    return retryMs / Math.min(2 ** this.#found, batchLimits.searchDivisor);
  }

  /** Whether an item, and not the server, may be the cause of the failure. */
  async #mayBeAtFault(): Promise<boolean> {
    return this.#options.suspicious() && (await this.#ports.reachable());
  }

  #searchIn(pieces: readonly Piece[], items: number): void {
    const { stream, end } = pieces.at(-1)!;
    if (stream !== undefined) this.#search = { stream, end };
    this.#sendFewer(Math.ceil(items / batchLimits.searchDivisor));
  }

  /** Whether the search is over, because the origin has taken all items of it. */
  #isPast(stream: string | undefined, confirmed: number): boolean {
    const search = this.#search;
    if (search === undefined) return true;
    if (stream === undefined) return false;
    return search.stream !== stream || confirmed >= search.end;
  }

  #sendFewer(itemsMax: number): void {
    this.#itemsMax = itemsMax;
    this.#failures = 0;
    // Requests with the same id must have the same items.
    this.#bare++;
    this.#next();
  }

  /** Leaves out the only item of a request, and goes on with the others. */
  #leaveOut(pieces: readonly Piece[], tell: (item: readonly unknown[]) => void): void {
    const { end, bytes } = pieces[0]!;
    this.#events.confirm(pieces, end);
    this.#search = undefined;
    tell(parseItem(bytes) ?? []);
    this.#sendFewer(this.#itemsMax);
  }

  #tryLater(left: number): void {
    const { retryMsMin: msMin, retryMsMax: msMax } = batchLimits;
    const most = backOffMs(this.#failures, { msMin, msMax });
    this.#failures++;
    // Random, so that gateways do not try all at once. The last attempt is at the end of the time.
    const wait = Math.min(left, jittered(most, this.#ports.random()));
    this.#cancel = this.#options.clock.after(wait, () => this.#next());
  }

  #next(): void {
    this.#busy = false;
    this.pump();
  }
}

function statusError({ status }: HttpAnswer): ServiceError {
  return new ServiceError("http-status", `the HTTP origin answers with status ${status}`);
}

function itemsOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { count }) => sum + count, 0);
}
