import { isReserved } from "../base/mod.ts";
import type { Closing, Connection } from "../connection/mod.ts";
import type { EventEncoder, Span, ValueCodec } from "../ports/mod.ts";
import { traceparentOf } from "../telemetry/mod.ts";
import type { AlikeTexts } from "./alike-texts.ts";

type Info = Readonly<Record<string, unknown>>;

/** What a later origin gets to know of a connection, as it is now. */
export interface KnownConnection {
  readonly id: string;
  /** As `keptInfo` made it. */
  readonly info: string;
  readonly address: string;
  readonly user: string | undefined;
  /** MessagePack. */
  readonly state: Uint8Array | undefined;
  readonly groups: readonly string[];
  readonly openedAt: number;
}

/**
 * What `open` contained and does not change, as a string of JSON: V8 needs some 200 bytes for a
 * byte array besides what is in it. The keys that are always there are left out, since they would
 * be more than half of it. So is the address, which a connection has: without it the requests of
 * many clients are alike, and `alike` keeps one text for them. A query is often a client's own.
 */
export function keptInfo(info: Info, alike: AlikeTexts): string {
  const {
    user: _user,
    state: _state,
    ip: _ip,
    path,
    query,
    headers,
    subprotocols,
    ...rest
  } = info;
  const kept = JSON.stringify([path, query, headers, subprotocols, rest]);
  return query === "" ? alike.of(kept) : kept;
}

/** What `keptInfo` kept; nothing if a connection is kept without. */
export function infoOf({ info: kept, address: ip }: Pick<Connection, "info" | "address">): Info {
  if (kept === "") return {};
  const [path, query, headers, subprotocols, rest] = JSON.parse(kept);
  return { path, query, headers, ip, subprotocols, ...rest };
}

/** State and groups change by commands, so they are read when an event names them. */
export function knownOf(events: EventEncoder, connection: Connection): KnownConnection {
  const { id, info, address, user, slot, openedAt, groups = [] } = connection;
  const names = [...groups].filter((name) => !isReserved(name));
  return { id, info, address, user, state: events.state(slot), groups: names, openedAt };
}

/** `user` and `state`, if there are any. */
function grantOf(values: ValueCodec, { user, state }: KnownConnection): Info {
  return {
    ...(user === undefined ? {} : { user }),
    ...(state === undefined ? {} : { state: values.decodeValue(state) }),
  };
}

/** Tells an origin of a connection that opens. */
export function openEvent(id: string, info: Info, openedAt: number): unknown[] {
  // V8 takes a microsecond to add a key to `{ ...info }`, and longer to read what it is then.
  const told: Record<string, unknown> = {};
  for (const key of Object.keys(info)) told[key] = info[key];
  told.at = openedAt;
  return ["open", id, 0, told];
}

/** Tells an origin of a connection that was opened earlier, with another one. */
export function assignedEvent(values: ValueCodec, known: KnownConnection, seq: number): unknown[] {
  const { id, groups, openedAt } = known;
  const info = infoOf(known);
  return ["assigned", id, seq, { ...info, ...grantOf(values, known), groups, at: openedAt }];
}

interface TracedMessage {
  readonly seq: number;
  readonly data: string | Uint8Array;
  readonly span: Span;
}

const encoder = new TextEncoder();

/** The `message` event of a connection that is traced, and the bytes of its data. */
export function tracedMessage(
  values: ValueCodec,
  { id, state }: Pick<KnownConnection, "id" | "state">,
  { seq, data, span }: TracedMessage,
): { readonly item: unknown[]; readonly bytes: number } {
  const value = state === undefined ? null : values.decodeValue(state);
  const item = ["message", id, seq, data, value, traceparentOf(span)];
  const bytes = typeof data === "string" ? encoder.encode(data).length : data.length;
  return { item, bytes };
}

/** What a `close` event tells. */
interface CloseDetails extends Closing {
  readonly seq: number;
}

/**
 * The `close` event, with the connection's user and state, as an origin may keep no table, and who
 * asked for it.
 */
export function closeEvent(
  values: ValueCodec,
  known: KnownConnection,
  { seq, closeCode, closeReason, cause, by, span }: CloseDetails,
): unknown[] {
  const trace = span === undefined ? {} : { trace: traceparentOf(span) };
  const asked = by === undefined ? {} : { by };
  const grant = { ...grantOf(values, known), ...asked, ...trace };
  const item = ["close", known.id, seq, closeCode, closeReason, cause];
  return Object.keys(grant).length === 0 ? item : [...item, grant];
}
