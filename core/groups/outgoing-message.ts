import { assert, limits } from "../base/mod.ts";
import { type Deflate, MessageKind, type OutgoingMessage } from "../ports/mod.ts";
import { buildFrame, frameHeaderBytes, frameOfLength, Slab } from "../websocket/mod.ts";

/** Where a message's data is: the command decoder, or what `bytesSource` makes. */
export interface OutgoingSource {
  /** A view that may change after the next call. */
  data(): Uint8Array;
  dataText(): string;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * A message that is set anew for each `send` or `publish` and makes each of its forms at most
 * once, when the first socket asks for it.
 */
export class ReusableMessage implements OutgoingMessage {
  kind: MessageKind = MessageKind.text;
  byteLength = 0;
  readonly #deflate: Deflate | undefined;
  readonly #frameOptions = { slab: new Slab(limits.slabBytes) };
  #source: OutgoingSource | undefined = undefined;
  #textForm: string | undefined = undefined;
  #frameForm: Uint8Array | undefined = undefined;
  #deflatedForm: Uint8Array | undefined = undefined;

  constructor(deflate?: Deflate) {
    this.#deflate = deflate;
  }

  /** Takes the next message. `source` must keep its data until `clear` or the next `set`. */
  set(kind: MessageKind, byteLength: number, source: OutgoingSource): this {
    this.kind = kind;
    this.byteLength = byteLength;
    this.#source = source;
    this.#textForm = undefined;
    this.#frameForm = undefined;
    this.#deflatedForm = undefined;
    return this;
  }

  /** Takes a message that does not come from the decoder. */
  setData(data: string | Uint8Array): this {
    const text = typeof data === "string";
    const bytes = text ? encoder.encode(data) : data;
    const kind = text ? MessageKind.text : MessageKind.binary;
    this.set(kind, bytes.length, {
      data: () => bytes,
      dataText: () => decoder.decode(bytes),
    });
    if (text) this.#textForm = data;
    return this;
  }

  /** Takes a payload that keeps its bytes until `clear`. Of kind text it is valid UTF-8. */
  setBytes(kind: MessageKind, payload: Uint8Array): this {
    return this.set(kind, payload.length, {
      data: () => payload,
      dataText: () => decoder.decode(payload),
    });
  }

  clear(): void {
    this.#source = undefined;
    this.#textForm = undefined;
    this.#frameForm = undefined;
    this.#deflatedForm = undefined;
  }

  text(): string {
    this.#textForm ??= this.#current().dataText();
    return this.#textForm;
  }

  payload(): Uint8Array {
    // A server frame is not masked, so it contains the payload as it is: one copy for both.
    return this.frame().subarray(frameHeaderBytes(this.byteLength));
  }

  bytes(): Uint8Array {
    return this.#current().data();
  }

  frame(): Uint8Array {
    if (this.#frameForm === undefined) {
      const frame = frameOfLength(this.kind, this.byteLength, this.#frameOptions);
      frame.set(this.#current().data(), frameHeaderBytes(this.byteLength));
      this.#frameForm = frame;
    }
    return this.#frameForm;
  }

  deflatedFrame(): Uint8Array {
    if (this.#deflatedForm === undefined) {
      assert(this.#deflate, "a socket has deflate on, but the message has no coder");
      const deflated = this.#deflate.deflate(this.payload());
      this.#deflatedForm = buildFrame(this.kind, deflated, { deflated: true });
    }
    return this.#deflatedForm;
  }

  #current(): OutgoingSource {
    assert(this.#source, "the message was not set");
    return this.#source;
  }
}
