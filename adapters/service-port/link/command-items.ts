import { encode } from "@msgpack/msgpack";
import { wellFormed } from "../../../core/base/mod.ts";
import type { Command } from "../../http-wire/mod.ts";
import { serviceLimits } from "../base/mod.ts";

/** Options that a command goes out with, besides its own. */
type Options = Readonly<Record<string, unknown>>;

/** A command as an element of a batch, in MessagePack: for these ids, or for its group. */
export function encodeItem(
  command: Command,
  ids: readonly string[] | undefined,
  options: Options,
): Uint8Array {
  const map = { ...command.options, ...options };
  const last = Object.keys(map).length === 0 ? [] : [map];
  return encode(wellFormed([command.verb, ...elementsOf(command, ids), ...last]));
}

function elementsOf(command: Command, ids: readonly string[] | undefined): readonly unknown[] {
  switch (command.verb) {
    case "send":
      return [ids, command.data];
    case "close":
      return [ids, command.closeCode, command.closeReason];
    case "join":
    case "leave":
      return [ids, command.group];
    case "state":
      return [ids, command.value];
    case "renew":
      return [ids, command.expires];
    case "publish":
      return [command.group, command.data];
    case "query":
      return [ids ?? command.subject];
  }
}

/** Bare batches of these items, each as large as a batch gets before it goes out. */
export function batchesOf(items: readonly Uint8Array[]): Uint8Array[] {
  const batches: Uint8Array[] = [];
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for (const item of items) {
    if (waiting.length > 0 && bytes + item.length > serviceLimits.batchBytesTarget) {
      batches.push(batchOf(waiting, bytes));
      waiting = [];
      bytes = 0;
    }
    waiting.push(item);
    bytes += item.length;
  }
  if (waiting.length > 0) batches.push(batchOf(waiting, bytes));
  return batches;
}

/** Bytes of an array's head in MessagePack: `array 32`. */
const headBytes = 5;

function batchOf(items: readonly Uint8Array[], bytes: number): Uint8Array {
  const batch = new Uint8Array(headBytes + bytes);
  batch[0] = 0xdd;
  new DataView(batch.buffer).setUint32(1, items.length);
  let at = headBytes;
  for (const item of items) {
    batch.set(item, at);
    at += item.length;
  }
  return batch;
}
