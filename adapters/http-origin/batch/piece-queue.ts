import { Piece } from "./piece.ts";

/** The items of one node that the origin has not confirmed, in their order. */
export class PieceQueue {
  #pieces: Piece[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(piece: Piece): void {
    this.#pieces.push(piece);
    this.#bytes += piece.bytes.length;
  }

  /**
   * The next items for one request, at most `itemsMax` and about `bytesMax` bytes. They stay here
   * until they are confirmed. Empty if there is nothing.
   */
  take(itemsMax: number, bytesMax: number): readonly Piece[] {
    const [first] = this.#pieces;
    if (first === undefined) return [];
    if (first.count > itemsMax) {
      const parts = first.split(itemsMax);
      this.#pieces.splice(0, 1, ...parts);
      this.#recount();
      return [parts[0]];
    }
    let items = first.count;
    let bytes = first.bytes.length;
    let taken = 1;
    for (; taken < this.#pieces.length; taken++) {
      const next = this.#pieces[taken]!;
      items += next.count;
      bytes += next.bytes.length;
      if (items > itemsMax || bytes > bytesMax) break;
      if (!this.#pieces[taken - 1]!.precedes(next)) break;
    }
    return this.#pieces.slice(0, taken);
  }

  /** Removes the items of these pieces below `count`; all of those that have no numbers. */
  confirm(taken: readonly Piece[], count: number): void {
    let done = 0;
    let rest: Piece | undefined;
    for (const piece of taken) {
      // It was dropped meanwhile: other origins have it, or it comes again.
      if (this.#pieces[done] !== piece) break;
      if (piece.stream !== undefined && piece.end > count) {
        if (count > piece.first) rest = piece.split(count - piece.first)[1];
        break;
      }
      done++;
    }
    this.#pieces.splice(0, rest === undefined ? done : done + 1, ...(rest ? [rest] : []));
    this.#recount();
  }

  /** Removes all items of a stream. */
  drop(stream: string): void {
    this.#pieces = this.#pieces.filter((piece) => piece.stream !== stream);
    this.#recount();
  }

  /** Writes the items of each piece anew, as many as there were. */
  rewrite(write: (items: Uint8Array) => Uint8Array): void {
    this.#pieces = this.#pieces.map(({ stream, first, count, bytes }) => {
      return new Piece(stream, first, count, write(bytes));
    });
    this.#recount();
  }

  #recount(): void {
    let bytes = 0;
    for (const piece of this.#pieces) bytes += piece.bytes.length;
    this.#bytes = bytes;
  }
}
