import { inspectLimits } from "./inspect-limits.ts";
import type { TailLine } from "./questions.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

type Preview = Pick<TailLine, "bytes" | "text" | "binary" | "cut">;

/** The beginning of a payload, as a line shows it. */
export function previewOf(payload: Uint8Array, isText: boolean): Preview {
  const { previewBytes } = inspectLimits;
  const bytes = payload.byteLength;
  const cut = bytes > previewBytes ? { cut: true } : {};
  if (!isText) {
    const shown = payload.subarray(0, previewBytes / 2);
    const binary = Array.from(shown, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return { bytes, binary, ...(bytes > shown.length ? { cut: true } : {}) };
  }
  return { bytes, text: decoder.decode(payload.subarray(0, wholeText(payload))), ...cut };
}

/** Where a text may be cut: not inside a character of UTF-8. */
function wholeText(payload: Uint8Array): number {
  const { previewBytes } = inspectLimits;
  if (payload.byteLength <= previewBytes) return payload.byteLength;
  let end = previewBytes;
  while (end > 0 && ((payload[end] ?? 0) & 0xc0) === 0x80) end--;
  return end;
}

/** What an item contains besides, with long texts and bytes cut. */
export function detailsOf(values: readonly unknown[]): readonly unknown[] | undefined {
  const shown = values.filter((value) => value !== undefined).map(shortened);
  return shown.length === 0 ? undefined : shown;
}

const detailCharsMax = 1_024;

function shortened(value: unknown): unknown {
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  if (typeof value === "string") return value.slice(0, detailCharsMax);
  if (typeof value !== "object" || value === null) return value;
  const text = JSON.stringify(value) ?? "";
  return text.length <= detailCharsMax ? value : `${text.slice(0, detailCharsMax)}…`;
}
