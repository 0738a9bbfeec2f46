import type { MessageData } from "../../../../adapters/origin/mod.ts";

export const binary: Uint8Array = Uint8Array.from([0, 1, 254, 255]);

/** Data of every length form that MessagePack has. */
export const datas: readonly MessageData[] = [
  "",
  "hello",
  "ä€😀".repeat(9),
  "x".repeat(31),
  "x".repeat(32),
  "x".repeat(300),
  "x".repeat(70_000),
  new Uint8Array(0),
  binary,
  new Uint8Array(300).fill(7),
  new Uint8Array(70_000).fill(9),
];
