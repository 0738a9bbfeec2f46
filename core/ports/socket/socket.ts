/** Kind of a message's data. RFC 6455, 11.8: the opcodes. */
export const MessageKind = { text: 1, binary: 2 } as const;
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind];

/**
 * A message on its way to one or many sockets. Each form is made at most once, for all receivers.
 * It is reused: valid only during `Socket.send`; `payload()` and `frame()` may be kept.
 */
export interface OutgoingMessage {
  readonly kind: MessageKind;
  readonly byteLength: number;
  /** The text, for runtimes that want a string. Only of kind text. */
  text(): string;
  /** The payload as an own copy, never changed again. */
  payload(): Uint8Array;
  /** A whole unmasked server frame with FIN, as an own copy, never changed again. */
  frame(): Uint8Array;
  /** The same with RSV1 and the payload deflated without context takeover (RFC 7692, 7.2.1). */
  deflatedFrame(): Uint8Array;
}

/**
 * The runtime's handle of one WebSocket: it translates and never decides.
 * `send` only queues for this turn; `flush` hands the queue over, in order, at once.
 */
export interface Socket {
  /** Bytes accepted by `send` that the kernel has not taken yet, queued ones included. */
  readonly bufferedAmount: number;
  /** False when the socket is closing or closed: the message went nowhere. */
  send(message: OutgoingMessage): boolean;
  flush(): void;
  /** Starts the closing handshake after what was sent; cuts the stream if it gets no answer. */
  close(closeCode: number, closeReason: string): void;
  /** Cuts the stream without a closing handshake. */
  terminate(): void;
  /** Stops reading, so that TCP slows the client. False where the runtime cannot. */
  pause(): boolean;
  resume(): void;
  /** Sends a ping frame with an empty payload. False where the runtime cannot. */
  ping(): boolean;
  /** Takes part in the runtime's own fan-out of a topic; absent where there is none. */
  subscribe?(topic: string): void;
  unsubscribe?(topic: string): void;
}
