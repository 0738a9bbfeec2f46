import { assert } from "../../../core/base/mod.ts";
import { scanItems } from "./scan-items.ts";

/** Consecutive items of a batch as JSON text in UTF-8, with commas between them. */
export class Piece {
  /** The stream that the items are numbered in; undefined if they have no numbers. */
  readonly stream: string | undefined;
  readonly first: number;
  readonly count: number;
  readonly bytes: Uint8Array;

  constructor(stream: string | undefined, first: number, count: number, bytes: Uint8Array) {
    this.stream = stream;
    this.first = first;
    this.count = count;
    this.bytes = bytes;
  }

  /** The number behind its last item. */
  get end(): number {
    return this.first + this.count;
  }

  /** Whether `next` goes on where this one ends, so that one request may have both. */
  precedes(next: Piece): boolean {
    return this.stream !== undefined && this.stream === next.stream && this.end === next.first;
  }

  /** The first `count` items and the others; there must be more of them. */
  split(count: number): [head: Piece, rest: Piece] {
    assert(count > 0 && count < this.count, "a piece is split between two items");
    const { stream, first, bytes } = this;
    let left = count;
    // The scan stops before the end of the piece.
    const at = scanItems(bytes, 0, () => --left > 0);
    const head = new Piece(stream, first, count, bytes.subarray(0, at));
    // The rest begins after the comma.
    const comma = bytes.indexOf(0x2c, at);
    const rest = bytes.subarray(comma + 1);
    return [head, new Piece(stream, first + count, this.count - count, rest)];
  }
}

/** A request body with all items of the pieces, of which each precedes the next. */
export function joinPieces(pieces: readonly Piece[]): Uint8Array {
  const { stream, first } = pieces[0]!;
  const numbered = stream !== undefined;
  const head = numbered ? `[1,${JSON.stringify(stream)},${first},[` : "[";
  const headBytes = Buffer.byteLength(head);
  let length = headBytes + (numbered ? 2 : 1) + pieces.length - 1;
  for (const { bytes } of pieces) length += bytes.length;
  const body = Buffer.allocUnsafeSlow(length);
  let at = body.write(head);
  for (const [index, { bytes }] of pieces.entries()) {
    if (index > 0) body[at++] = 0x2c;
    body.set(bytes, at);
    at += bytes.length;
  }
  body.write(numbered ? "]]" : "]", at);
  return body;
}
