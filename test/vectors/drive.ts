import { decode } from "@msgpack/msgpack";
import { type Codec, ParserStep } from "../../core/ports/mod.ts";
import { toHex } from "./hex.ts";

const names: Readonly<Record<number, string>> = {
  [ParserStep.text]: "text",
  [ParserStep.binary]: "binary",
  [ParserStep.deflatedText]: "deflated-text",
  [ParserStep.deflatedBinary]: "deflated-binary",
  [ParserStep.ping]: "ping",
  [ParserStep.pong]: "pong",
  [ParserStep.close]: "close",
};

const texts = new TextDecoder("utf-8", { ignoreBOM: true });

/** Feeds a slot in chunks and tells what came of it, the same way with a buffer and without. */
export class Drive {
  readonly events: string[] = [];
  readonly #codec: Codec;
  readonly #slot: number;
  readonly #buffer: number;

  constructor(codec: Codec, slot: number, buffer: number) {
    this.#codec = codec;
    this.#slot = slot;
    this.#buffer = buffer;
  }

  feed(chunk: Uint8Array): void {
    let step = this.#codec.frames.feed(this.#slot, chunk);
    while (step !== ParserStep.done) {
      this.#takeMessages();
      this.#tell(step);
      if (step === ParserStep.fault) return;
      step = this.#codec.frames.next();
    }
    this.#takeMessages();
  }

  #tell(step: ParserStep): void {
    if (step === ParserStep.bufferFull) return;
    if (step === ParserStep.fault) {
      this.events.push(`fault:${this.#codec.frames.fault()}`);
      return;
    }
    const payload = this.#codec.frames.payload();
    const shown = step === ParserStep.text ? texts.decode(payload) : toHex(payload);
    this.events.push(`${names[step]}:${shown}`);
  }

  #takeMessages(): void {
    if (this.#buffer < 0 || this.#codec.events.bufferItems(this.#buffer) === 0) return;
    const batch = decode(this.#codec.events.takeBatch(this.#buffer)) as unknown[];
    for (const item of batch[3] as unknown[][]) {
      const data = item[3];
      this.events.push(
        typeof data === "string" ? `text:${data}` : `binary:${toHex(data as Uint8Array)}`,
      );
    }
  }
}
