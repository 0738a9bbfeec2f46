/** How a client's frame is made up; what is left out is as a good client does it. */
export interface FrameForm {
  readonly mask?: Uint8Array;
  /** Length bytes: 0, 2 or 8. The fewest where it is left out. */
  readonly lengthBytes?: number;
  /** What the length bytes say, where it is not the truth. */
  readonly length?: number;
}

const usualMask = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

/** A client's frame: `first` is FIN, RSV and opcode. */
export function clientFrame(
  first: number,
  payload: Uint8Array,
  form: FrameForm = {},
): Uint8Array<ArrayBuffer> {
  const { mask = usualMask, length = payload.length } = form;
  const lengthBytes = form.lengthBytes ?? (length < 126 ? 0 : length < 0x1_0000 ? 2 : 8);
  const frame = new Uint8Array(2 + lengthBytes + 4 + payload.length);
  const view = new DataView(frame.buffer);
  frame[0] = first;
  frame[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) view.setUint16(2, length);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(length));
  frame.set(mask, 2 + lengthBytes);
  const at = 6 + lengthBytes;
  for (let i = 0; i < payload.length; i++) frame[at + i] = payload[i]! ^ mask[i & 3]!;
  return frame;
}
