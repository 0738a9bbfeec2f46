/**
 * A TCP or TLS stream after its upgrade, as the runtime gives it. Bytes only.
 * The framed socket (`core/protocol/`) makes a WebSocket of it.
 */
export interface ByteSocket {
  /** Bytes handed over and not yet taken by the kernel. */
  readonly bufferedAmount: number;
  /** Hands over bytes that the caller never changes again. One call is one system call at best. */
  write(bytes: Uint8Array): void;
  /** Sends what is queued, then half-closes. */
  end(): void;
  /** Drops the stream at once. */
  destroy(): void;
  pause(): void;
  resume(): void;
}

/** What a byte socket tells. After `closed` nothing else is called. */
export interface ByteSocketListener {
  /** `chunk` is only valid during the call. */
  data(chunk: Uint8Array): void;
  /** Everything written has been taken by the kernel, after it once had not. */
  drained(): void;
  /** The stream is gone, by either side or by an error. Called exactly once. */
  closed(): void;
}
