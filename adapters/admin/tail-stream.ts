import type { LeftOut, TailFilter, TailLine, TailReceiver } from "../../core/inspect/mod.ts";
import type { Cancel, Clock } from "../../core/ports/mod.ts";
import { eventStream } from "../http/mod.ts";
import { adminLimits } from "./admin-limits.ts";

export interface TailStreamOptions {
  readonly clock: Clock;
  readonly filter: TailFilter;
  /** Begins to follow. Throws `requests-full`. */
  readonly open: (receive: TailReceiver) => Cancel;
  /** Called once, when nobody reads any more. */
  readonly ended: () => void;
}

const encoder = new TextEncoder();

/**
 * The answer to a request for a tail: server-sent events. `line` is what passed, `left-out` counts
 * what is not shown, `end` says why no more comes. Throws `requests-full`.
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
  /** Lines that came while the reader was slow. */
  #slow = 0;
  #isOpen = true;

  constructor(options: TailStreamOptions) {
    const { clock } = options;
    const { tailBytesMax, tailMsMax } = adminLimits;
    this.#options = options;
    const cancelTail = options.open((lines, leftOut) => this.#take(lines, leftOut));
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
      if (this.#isFull) this.#slow++;
      else this.#write("line", line);
    }
    const all = { ...leftOut, slow: this.#slow };
    if (all.lines + all.batches + all.slow > 0 && !this.#isFull) {
      this.#slow = 0;
      this.#write("left-out", all);
    } else {
      // What could not be said is said later.
      this.#slow += leftOut.lines;
    }
    const isClosed = lines.some(({ kind, verb }) => kind === "event" && verb === "close");
    if (isClosed && "connection" in filter) this.#end("closed");
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
      this.#cancels.splice(this.#cancels.indexOf(cancel), 1);
      this.#comment();
    });
    this.#cancels.push(cancel);
  }

  #end(reason: string): void {
    if (!this.#isOpen) return;
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
