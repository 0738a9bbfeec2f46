import type { HttpAnswer } from "../../http-client/mod.ts";
import type { Command } from "../../http-wire/mod.ts";

/** What the forms write of a connection: what `connect`, `open` and `assigned` say of it. */
export interface HandshakeInfo {
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, string>>;
  readonly ip?: string;
  readonly subprotocols?: readonly string[];
  readonly subprotocol?: string;
  readonly user?: string | undefined;
  /** When the connection opened, in milliseconds since the epoch. */
  readonly at?: number;
}

/** A message of a client. */
export interface MessageInfo {
  /** Number of the event within its connection. */
  readonly seq: number;
  readonly data: string | Uint8Array;
  /** Undefined if this origin was not told of the connection. */
  readonly info: HandshakeInfo | undefined;
}

/** The end of a connection. */
export interface CloseInfo {
  readonly seq: number | undefined;
  readonly code: number;
  readonly reason: string;
  readonly cause: string;
  readonly info: HandshakeInfo | undefined;
}

/** What a back end decides on a handshake. */
export type OriginDecision =
  | { readonly accepted: true; readonly grant: DecisionGrant }
  | {
      readonly accepted: false;
      readonly status: number;
      readonly body: Uint8Array | string;
      readonly headers: Readonly<Record<string, string>>;
    };

/** What an accepted connection gets, as `accept` of the protocol has it. */
export interface DecisionGrant {
  readonly user?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly state?: unknown;
  readonly subprotocol?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly expires?: number | undefined;
}

/** The form of the events for one kind of back end, and of its answers. */
export interface EventForm {
  /** A handshake waits for the answer. */
  connect(id: string, request: HandshakeInfo): string;
  /** Undefined if the back end is told nothing of it. */
  open(id: string, info: HandshakeInfo): string | undefined;
  message(id: string, event: MessageInfo): string;
  close(id: string, event: CloseInfo): string;
  /** Undefined if the form has none. */
  keepAlives(ids: readonly string[]): string | undefined;
  /** Whether the back end has taken the event. */
  succeeded(answer: HttpAnswer): boolean;
  /** The answer to `connect`. Throws a `ServiceError` if it cannot be understood. */
  decision(answer: HttpAnswer): OriginDecision;
  /** What the answer to `open` asks for. Throws a `ServiceError`, as `commands` does. */
  opened(id: string, answer: HttpAnswer): readonly Command[];
  /** What any other answer asks for. Throws if nothing of it is to be carried out. */
  commands(id: string, answer: HttpAnswer): readonly Command[];
}
