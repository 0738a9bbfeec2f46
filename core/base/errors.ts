/**
 * The stable error codes. Logs, metrics, replies and HTTP answers carry them; `docs/errors.md`
 * explains each. WASM functions return the number, which never changes.
 *
 * The table of protocol faults is here too (`faultCloseCodes`), with the close code of each. Those
 * of the gateway's own reasons are in `close-reasons.ts`.
 */
export const ErrorCode = {
  // Frames and messages from clients (RFC 6455). `closeCodeOf` gives the close code of each.
  "frame-reserved-bits": 1,
  "frame-opcode": 2,
  "frame-unmasked": 3,
  "frame-control-fragmented": 4,
  "frame-control-too-long": 5,
  "frame-length": 6,
  "frame-unexpected-continuation": 7,
  "frame-expected-continuation": 8,
  "frame-close-payload": 9,
  "frame-close-code": 10,
  "message-not-utf8": 11,
  "message-too-big": 12,
  "message-inflate": 13,
  "parser-memory": 14,
  /** Engine native: the runtime's own parser closed the connection and does not say why. */
  "frame-refused": 15,
  "message-inflate-ratio": 16,
  "message-fragments": 17,
  // Batches and commands
  "batch-malformed": 32,
  "batch-version": 33,
  "batch-too-big": 34,
  "batch-gap": 35,
  "command-malformed": 36,
  "command-unknown": 37,
  // 38 is retired.
  "id-malformed": 39,
  "id-gone": 40,
  "id-foreign": 41,
  /** A group's name is empty, longer than 256 bytes, or reserved (`@…`). */
  "group-name": 42,
  "group-limit": 43,
  "group-refused": 44,
  "state-too-big": 45,
  "message-expired": 46,
  // Handshakes
  "handshake-plain": 64,
  "handshake-method": 65,
  "handshake-version": 66,
  "handshake-key": 67,
  "handshake-upgrade": 68,
  "handshake-headers": 69,
  "handshake-refused": 70,
  "origin-not-allowed": 71,
  "handshake-timeout": 72,
  "proxy-header": 73,
  "route-unknown": 74,
  /** The origin rejected the handshake. */
  "handshake-rejected": 76,
  "authorize-timeout": 77,
  "authorize-full": 78,
  /** `accept` or `reject` for a handshake that no longer waits for an answer. */
  "handshake-gone": 79,
  "handshake-subprotocol": 80,
  "handshake-grant": 81,
  "token-missing": 82,
  "token-invalid": 83,
  "token-expired": 84,
  "keys-unavailable": 85,
  draining: 86,
  /** The request is not HTTP/1.1. */
  "handshake-http": 128,
  /** The request target has dot segments, a backslash or a fragment. */
  "handshake-target": 129,
  "handshake-body": 130,
  // Limits of frames and messages from clients
  "message-timeout": 131,
  "unfinished-messages": 132,
  "control-rate": 133,
  // Streams, broker, liveness, rates
  "send-queue-full": 96,
  "window-full": 97,
  "broker-refused": 98,
  "broker-unreachable": 99,
  "broker-lost": 100,
  "port-in-use": 101,
  "setting-invalid": 102,
  "connections-full": 103,
  "publish-failed": 104,
  internal: 105,
  "no-origin": 106,
  "ack-timeout": 107,
  "origin-unreached": 202,
  "ping-timeout": 108,
  "idle-timeout": 109,
  "connection-age": 110,
  "message-rate": 111,
  "byte-rate": 112,
  "connections-per-ip": 113,
  "tls-invalid": 114,
  "no-subscriber": 115,
  /** A client sent what its subprotocol does not allow. */
  "subprotocol-violation": 116,
  "forward-lost": 117,
  /** The broker refuses the publish for good, mostly by an access rule. */
  "publish-refused": 118,
  "reply-dropped": 119,
  "events-unconfirmed": 120,
  // Descriptors, and handshakes that wait
  "handshake-left": 140,
  "handshakes-per-ip": 141,
  "tcp-streams-full": 142,
  "accept-failed": 143,
  "descriptors-low": 144,
  "handshake-rate": 145,
  // Commands
  /** A command or a raw group message was retained at the broker. */
  "retained-refused": 150,
  /** A numbered batch came from a new sender, and the table of streams is full. */
  "streams-full": 151,
  /** A message to clients is larger than `--max-publish-size`. */
  "publish-too-big": 152,
  /** A message to clients is larger than `--send-queue-size`. */
  "queue-too-small": 153,
  // Requests of this node over HTTP
  "http-connect": 160,
  "http-timeout": 161,
  /** The connection ended before the answer was complete. */
  "http-lost": 162,
  "http-answer-malformed": 163,
  "http-answer-too-big": 164,
  "http-request-invalid": 165,
  "http-queue-full": 166,
  "http-aborted": 167,
  /** An HTTP origin answered with a status that is no success. */
  "http-status": 168,
  /** An HTTP origin did not take an event: its connection is closed. */
  "origin-failed": 169,
  // Requests on the service port
  "request-token": 180,
  "request-forbidden": 181,
  "request-path": 182,
  "request-method": 183,
  "request-media-type": 184,
  "request-too-big": 185,
  /** A body broke off, or did not come in time. */
  "request-timeout": 186,
  "requests-full": 187,
  /** No node answered for a connection in time. */
  "reply-timeout": 188,
  /** The head of a request is not HTTP/1.1. */
  "request-malformed": 189,
  // A cluster over HTTP
  /** No peer that can be reached has the name of this node. */
  "peer-unknown": 190,
  "peer-lost": 191,
  "peer-queue-full": 192,
  "peer-refused": 193,
  "peer-signature": 194,
  "peer-clock": 195,
  "peer-malformed": 196,
  /** A message on a topic that the peer may not publish to. */
  "peer-topic": 197,
  "peer-session": 198,
  /** Two living nodes have one name. */
  "peer-name": 199,
  // Workers
  /** A worker ended and nobody had asked it to. */
  "worker-died": 200,
  /** A worker said nothing for so long that its supervisor killed it. */
  "worker-silent": 201,
  // Traces
  "trace-export-failed": 210,
  /** OpenTelemetry's packages are missing, or of another version. */
  "trace-packages": 211,
  // Requests on the admin port
  /** A tail of a connection that another node has. */
  "wrong-node": 220,
} as const;

export type ErrorCode = keyof typeof ErrorCode;

/** Whether a value from outside is one of the stable error codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ErrorCode, value);
}

const byNumber = new Map<number, ErrorCode>(
  Object.entries(ErrorCode).map(([name, number]) => [number, name as ErrorCode]),
);

/** The code of a number that a WASM function returned; `internal` for an unknown number. */
export function errorCodeOf(number: number): ErrorCode {
  return byNumber.get(number) ?? "internal";
}

/**
 * The table of protocol faults: the close code (RFC 6455, 7.4.1) of each fault in what a client
 * sends, and of an internal error. The other close codes are in `close-reasons.ts`.
 */
export const faultCloseCodes: Readonly<Partial<Record<ErrorCode, number>>> = {
  "frame-reserved-bits": 1002,
  "frame-opcode": 1002,
  "frame-unmasked": 1002,
  "frame-control-fragmented": 1002,
  "frame-control-too-long": 1002,
  "frame-length": 1002,
  "frame-unexpected-continuation": 1002,
  "frame-expected-continuation": 1002,
  "frame-close-payload": 1002,
  "frame-close-code": 1002,
  "frame-refused": 1002,
  "message-not-utf8": 1007,
  "message-inflate": 1007,
  "message-too-big": 1009,
  "message-inflate-ratio": 1009,
  "message-fragments": 1008,
  "message-timeout": 1008,
  "unfinished-messages": 1008,
  "parser-memory": 1013,
  internal: 1011,
};

export function closeCodeOf(fault: ErrorCode): number {
  return faultCloseCodes[fault] ?? 1002;
}

/** A client kept the protocol but exceeded a limit. */
const limitCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "message-too-big",
  "message-inflate-ratio",
  "message-fragments",
  "message-timeout",
  "unfinished-messages",
]);

/** Whether the error is an exceeded limit: the `close` event then has the cause `limit`. */
export function isLimit(code: ErrorCode): boolean {
  return limitCodes.has(code);
}

/** An error that a caller can act on: `code` is stable, the message may change. */
export class ServiceError extends Error {
  override readonly name: string = "ServiceError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The counter of one code, of the port `Metrics`. */
export function errorCounter<Counter>(
  metrics: { counter(name: string, help: string, labels: { code: ErrorCode }): Counter },
  code: ErrorCode,
): Counter {
  return metrics.counter("wss_errors_total", "Faults by their stable code", { code });
}
