/** The kind of a message's data, by its opcode (RFC 6455, 11.8). */
export const MessageKind = { text: 1, binary: 2 } as const;
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind];

/**
 * A message for one or many sockets. Each of its forms is made at most once for all receivers. The
 * object is reused, so it is only valid during `Socket.send`; what its methods return may be kept.
 */
export interface OutgoingMessage {
  readonly kind: MessageKind;
  /** Bytes of the payload. */
  readonly byteLength: number;
  /** The text as a string; for kind text only. */
  text(): string;
  /** The payload. It must not be changed. */
  payload(): Uint8Array;
  /** The same without a copy: it is only valid during `Socket.send`. */
  bytes(): Uint8Array;
  /** A complete server frame: FIN, not masked (RFC 6455, 5.2). Nobody changes it. */
  frame(): Uint8Array;
  /** The frame with RSV1 and a payload that is compressed without context (RFC 7692, 7.2.1). */
  deflatedFrame(): Uint8Array;
}

/** A runtime's WebSocket. It translates, and leaves all decisions to the gateway. */
export interface Socket {
  /** Bytes that were given to `send` and that the kernel has not taken yet. */
  readonly bufferedAmount: number;
  /** Queues a message until `flush`. False, and nothing is queued, if the socket is closing. */
  send(message: OutgoingMessage): boolean;
  /** Hands the queue to the runtime, in order, with as few system calls as possible. */
  flush(): void;
  /**
   * Flushes, and starts the closing handshake (RFC 6455, 7.1.2). Without an answer within
   * `limits.closeHandshakeMs` the stream is cut, if the runtime can.
   */
  close(closeCode: number, closeReason: string): void;
  /** Cuts the stream without a closing handshake, if the runtime can. */
  terminate(): void;
  /** Stops reading, so that TCP slows the client down. False if the runtime cannot. */
  pause(): boolean;
  resume(): void;
  /** Sends a ping frame without a payload (RFC 6455, 5.5.2). False if the runtime cannot. */
  ping(): boolean;
  /** Subscribes to a topic of the runtime's `Broadcast`; absent if the runtime has none. */
  subscribe?(topic: string): void;
  unsubscribe?(topic: string): void;
}
