export type { Codec, CodecOptions } from "./codec.ts";
export { type CommandDecoder, NoSlot, Verb } from "./command-decoder.ts";
export type { EventEncoder } from "./event-encoder.ts";
export { type FrameParser, ParserStep } from "./frame-parser.ts";
export type { ValueCodec } from "./value-codec.ts";
