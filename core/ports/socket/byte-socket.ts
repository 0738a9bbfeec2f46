/**
 * A TCP or TLS stream after its upgrade (engine `wasm`). `core/websocket/framed-socket.ts` makes a
 * WebSocket of it.
 */
export interface ByteSocket {
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly bufferedAmount: number;
  /** Writes bytes that the caller never changes again, with one system call at best. */
  write(bytes: Uint8Array): void;
  /** Sends what was written, then half-closes the stream (FIN). */
  end(): void;
  /** Drops the stream and what was written, at once. */
  destroy(): void;
  /** Stops reading, so that TCP slows the client down. */
  pause(): void;
  resume(): void;
}

/** What a byte socket tells. */
export interface ByteSocketListener {
  /** Bytes came. `chunk` is only valid during the call. */
  data(chunk: Uint8Array): void;
  /** The kernel has taken everything that was written, after a time when it had not. */
  drained(): void;
  /** The stream is gone: ended by either side, or broken. Called once, and last. */
  closed(): void;
}
