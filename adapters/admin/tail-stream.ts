import type { LeftOut, TailFilter, TailLine } from "../../core/inspect/mod.ts";
import type { Cancel, Clock } from "../../core/ports/mod.ts";
import { eventStream } from "../http/mod.ts";
import { adminLimits } from "./admin-limits.ts";
import type { TailListener } from "./merge.ts";

export interface TailStreamOptions {
  readonly clock: Clock;
  readonly filter: TailFilter;
  /** Begins to follow. Throws `requests-full`. */
  readonly open: (listener: TailListener) => Cancel;
  /** Called once, when nobody reads any more. */
  readonly ended: () => void;
}

const encoder = new TextEncoder();

/**
 * The answer to a request for a tail: server-sent events. `line` is what passed, `left-out` counts
 * what is not shown, `interrupted` names a worker that has ended, `end` says why no more
 * comes. Throws `requests-full`.
 */
export function tailResponse(options: TailStreamOptions): Response {
  const stream = new TailStream(options);
  return new Response(stream.body, {
    headers: { "content-type": eventStream, "x-accel-buffering": "no" },
  });
}

class TailStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: TailStreamOptions;
  readonly #cancels: Cancel[] = [];
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  /** What the reader was not told of yet; `slow`: lines that came while it did not read. */
  #unsaid = { lines: 0, batches: 0, slow: 0 };
  #isOpen = true;

  constructor(options: TailStreamOptions) {
    const { clock } = options;
    const { tailBytesMax, tailMsMax } = adminLimits;
    this.#options = options;
    const cancelTail = options.open({
      received: (lines, leftOut) => this.#take(lines, leftOut),
      interrupted: (node) => this.#interrupted(node),
    });
    const cancelEnd = clock.after(tailMsMax, () => this.#end("time"));
    this.#cancels.push(cancelTail, cancelEnd);
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#close(),
      },
      { highWaterMark: tailBytesMax, size: (chunk) => chunk?.byteLength ?? 0 },
    );
    this.#write("ready", options.filter);
    this.#comment();
  }

  #take(lines: readonly TailLine[], leftOut: LeftOut): void {
    if (!this.#isOpen) return;
    const { filter } = this.#options;
    for (const line of lines) {
      if (this.#isFull) this.#unsaid.slow++;
      else this.#write("line", line);
    }
    this.#unsaid.lines += leftOut.lines;
    this.#unsaid.batches += leftOut.batches;
    this.#sayLeftOut();
    const isClosed = lines.some(({ kind, verb }) => kind === "event" && verb === "close");
    if (isClosed && "connection" in filter) this.#end("closed");
  }

  /** A worker has ended, and its connections with it; another one takes its place in a group. */
  #interrupted(node: string): void {
    if ("connection" in this.#options.filter) this.#end("worker-died");
    else if (!this.#isFull) this.#write("interrupted", { node });
    else this.#unsaid.slow++;
  }

  /** What cannot be said now is said later, and at the end whether or not there is room. */
  #sayLeftOut(isLast = false): void {
    const { lines, batches, slow } = this.#unsaid;
    if (lines + batches + slow === 0 || (this.#isFull && !isLast)) return;
    this.#write("left-out", this.#unsaid);
    this.#unsaid = { lines: 0, batches: 0, slow: 0 };
  }

  get #isFull(): boolean {
    return (this.#controller.desiredSize ?? 0) <= 0;
  }

  #write(event: string, data: unknown): void {
    this.#controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
  }

  #comment(): void {
    const cancel = this.#options.clock.after(adminLimits.tailCommentMs, () => {
      if (!this.#isFull) this.#controller.enqueue(encoder.encode(":\n\n"));
      this.#sayLeftOut();
      this.#cancels.splice(this.#cancels.indexOf(cancel), 1);
      this.#comment();
    });
    this.#cancels.push(cancel);
  }

  #end(reason: string): void {
    if (!this.#isOpen) return;
    this.#sayLeftOut(true);
    this.#write("end", { reason });
    this.#controller.close();
    this.#close();
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const cancel of this.#cancels) cancel();
    this.#options.ended();
  }
}
