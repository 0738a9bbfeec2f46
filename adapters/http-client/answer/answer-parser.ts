import { limits, ServiceError } from "../../../core/base/mod.ts";
import { type AnswerHead, type HeadReader, malformed } from "./answer-head.ts";
import { type Body, BodyBuffer } from "./body-buffer.ts";
import { BodyPieces } from "./body-pieces.ts";
import { ChunkedBody } from "./chunked-body.ts";
import { unzipped } from "./gzip.ts";
import type { HttpAnswer } from "./http-answer.ts";

const endOfHead = "\r\n\r\n";

export interface AnswerParserOptions {
  readonly heads: HeadReader;
  readonly bodyBytesMax: number;
  /** The answer is one to CONNECT: what follows its head is no body (RFC 9110, 9.3.6). */
  readonly connect?: boolean;
  /** Gets the body of a success (2xx) as it comes, in place of the answer: without a limit. */
  readonly piece?: (bytes: Uint8Array) => void;
}

/**
 * Reads one answer from bytes that come in pieces of any size, in linear time and bounded memory.
 * `push` and `end` throw a `ServiceError`; the connection cannot be used any more then.
 */
export class AnswerParser {
  readonly #options: AnswerParserOptions;
  #body: Body;
  #head: AnswerHead | undefined;
  /** The beginning of a head whose end has not come. */
  #partOfHead = "";
  /** Its last characters, in which `endOfHead` may begin. */
  #lastOfHead = "";
  /** Bytes of heads that may still come. Those of interim answers count too. */
  #headBytesLeft: number = limits.httpHeadBytesMax;
  #chunked: ChunkedBody | undefined;
  #isGzip = false;
  #answer: HttpAnswer | undefined;
  #hasSurplus = false;

  constructor(options: AnswerParserOptions) {
    this.#options = options;
    this.#body = new BodyBuffer(options.bodyBytesMax);
  }

  /** Undefined until it is complete. */
  get answer(): HttpAnswer | undefined {
    return this.#answer;
  }

  /** How long the server keeps the connection without a request, if it says so. */
  get keepAliveSeconds(): number | undefined {
    return this.#head?.keepAliveSeconds;
  }

  /** More came than the answer. */
  get hasSurplus(): boolean {
    return this.#hasSurplus;
  }

  /** Another request may be sent on the connection: the server keeps it and sent nothing more. */
  get reusable(): boolean {
    const head = this.#head;
    return head?.keepAlive === true && head.framing !== "until-end" && !this.#hasSurplus;
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#answer === undefined) {
      at = this.#head === undefined ? this.#takeHead(bytes, at) : this.#takeBody(bytes, at);
    }
    if (at < bytes.length) this.#hasSurplus = true;
  }

  /** The server ended the stream. That completes an answer without a length. */
  end(): void {
    if (this.#answer !== undefined || this.#head?.framing !== "until-end") return;
    this.#complete(this.#head, this.#body.take());
  }

  /** Takes bytes of a head, which nearly always comes in one piece. Returns where it stopped. */
  #takeHead(bytes: Buffer, at: number): number {
    const text = bytes.toString("latin1", at, Math.min(bytes.length, at + this.#headBytesLeft));
    // The end may have begun in an earlier piece.
    const searched = this.#lastOfHead + text;
    const found = searched.indexOf(endOfHead);
    if (found < 0) {
      this.#headBytesLeft -= text.length;
      if (this.#headBytesLeft === 0) {
        const message = `the answer's headers have more than ${limits.httpHeadBytesMax} bytes`;
        throw new ServiceError("http-answer-too-big", message);
      }
      this.#partOfHead += text;
      this.#lastOfHead = searched.slice(1 - endOfHead.length);
      return at + text.length;
    }
    const before = this.#partOfHead;
    const taken = found + endOfHead.length - this.#lastOfHead.length;
    this.#headBytesLeft -= taken;
    this.#partOfHead = "";
    this.#lastOfHead = "";
    this.#readHead((before + text).slice(0, before.length + taken - endOfHead.length));
    return at + taken;
  }

  #readHead(text: string): void {
    const head = this.#options.heads.read(text);
    // RFC 9110, 15.2: interim answers must be skipped. We ask for no other protocol.
    if (head.status === 101) throw malformed("the server changed the protocol");
    if (head.status < 200) return;
    this.#head = head;
    const { framing } = head;
    if (framing === 0 || this.#options.connect === true) {
      this.#complete(head, this.#body.take());
      return;
    }
    // The request asks for no coding (RFC 9110, 12.5.3). Some back ends use gzip all the same,
    // which Go's client, so the original, reads.
    const coding = (head.headers.get("content-encoding") ?? "identity").toLowerCase();
    this.#isGzip = coding === "gzip" || coding === "x-gzip";
    if (!this.#isGzip && coding !== "identity") {
      throw malformed(`the answer's body has the coding ${coding}`);
    }
    const { piece } = this.#options;
    if (piece !== undefined && head.status < 300) {
      if (this.#isGzip) throw malformed("the answer's body has the coding gzip");
      this.#body = new BodyPieces(piece);
    }
    if (framing === "chunked") {
      this.#chunked = new ChunkedBody(this.#body, limits.httpHeadBytesMax);
    } else if (framing !== "until-end") {
      // An answer that says that it is too large is not waited for.
      this.#body.check(framing);
    }
  }

  #takeBody(bytes: Uint8Array, at: number): number {
    const head = this.#head as AnswerHead;
    const { framing } = head;
    if (this.#chunked !== undefined) {
      const end = this.#chunked.push(bytes, at);
      if (this.#chunked.done) this.#complete(head, this.#body.take());
      return end;
    }
    if (framing === "until-end") {
      this.#body.push(bytes.subarray(at));
      return bytes.length;
    }
    const length = framing as number;
    const end = Math.min(bytes.length, at + length - this.#body.length);
    const piece = bytes.subarray(at, end);
    if (piece.length === length && this.#options.piece === undefined) {
      // All of it in one piece, as nearly always: no copy.
      this.#complete(head, piece);
      return end;
    }
    this.#body.push(piece);
    if (this.#body.length === length) this.#complete(head, this.#body.take());
    return end;
  }

  #complete({ status, headers, contentType }: AnswerHead, bytes: Uint8Array): void {
    const body = this.#isGzip ? unzipped(bytes, this.#options.bodyBytesMax) : bytes;
    this.#answer = { status, headers, contentType, body };
  }
}
