import { readServerFrame } from "../../support/clients/raw-client-frames.ts";

/** What a client makes of all the bytes that it got. */
export interface ServerStream {
  readonly frames: number;
  readonly closeCode: number | undefined;
}

const strict = new TextDecoder("utf-8", { fatal: true });

/** Reads what the server sent as a strict client would (RFC 6455, 5); throws at any fault. */
export function readServerStream(chunks: readonly Uint8Array[]): ServerStream {
  let rest = Buffer.concat(chunks);
  let frames = 0;
  let closeCode: number | undefined;
  while (rest.length > 0) {
    const found = readServerFrame(rest);
    if (found === undefined) throw new Error("the server's last frame is cut short");
    const { opcode, fin, masked, reserved, payload } = found.frame;
    if (closeCode !== undefined) throw new Error("the server goes on after its close frame");
    if (!fin || masked) throw new Error("the server sends fragments, or masks");
    const data = opcode === 1 || opcode === 2;
    if (!data && opcode !== 8 && opcode !== 9 && opcode !== 10) throw new Error(`op ${opcode}`);
    if (reserved !== 0 && !(data && reserved === 4)) throw new Error("reserved bits");
    if (!data && payload.length > 125) throw new Error("a control frame that is too long");
    if (opcode === 1 && reserved === 0) strict.decode(payload);
    if (opcode === 8) closeCode = payload.length === 0 ? 1005 : payload.readUInt16BE(0);
    if (opcode === 8) strict.decode(payload.subarray(2));
    frames++;
    rest = rest.subarray(found.end);
  }
  return { frames, closeCode };
}
