import { moduleBase64 } from "./generated/module.ts";

/** What wasm/assembly/index.ts exports. Numbers only; pointers are offsets into `memory`. */
export interface Exports {
  readonly memory: WebAssembly.Memory;
  init(
    prefixBytes: number,
    nodeBytes: number,
    messageBytesMax: number,
    batchBytesTarget: number,
    partialBytesMax: number,
    readyBytes: number,
    fragmentsMax: number,
  ): void;
  limitBuffers(batchBytesTarget: number): void;
  limitMessages(messageBytesMax: number, dataAndStateBytesMax: number): void;
  messageBytesMax(slot: number): number;
  allocate(bytes: number): number;
  free(pointer: number): void;
  heapBytes(): number;
  itemPrefix(): number;
  input(): number;
  text(): number;
  commandRoom(bytes: number): number;
  validText(at: number, length: number): number;

  openBuffer(stream: number, streamBytes: number): number;
  closeBuffer(buffer: number): void;
  isBuffer(buffer: number): number;
  bufferItems(buffer: number): number;
  bufferBytes(buffer: number): number;
  bufferNext(buffer: number): number;
  takeBatch(buffer: number): number;
  takenBytes(): number;
  append(buffer: number, bytes: number): number;
  bind(slot: number, buffer: number): number;
  move(slot: number, buffer: number): number;
  stateBytes(slot: number): number;
  stateBytesTotal(): number;
  stateAt(slot: number): number;
  setState(slot: number, bytes: number): number;
  unbind(slot: number): number;
  takeSeq(slot: number): number;
  nextSeq(slot: number): number;
  reserve(slot: number, kind: number, length: number): number;
  addText(slot: number, from: number, length: number): number;

  attach(slot: number, deflate: number, bypassBatch: number): number;
  feed(slot: number, at: number, length: number): number;
  next(): number;
  stepAt(): number;
  stepBytes(): number;
  faultCode(): number;
  fedMessages(): number;
  fedBytes(): number;
  partialBytes(): number;
  unfinishedBytes(slot: number): number;

  decode(at: number, length: number): number;
  nextItem(): number;
  streamAt(): number;
  streamBytes(): number;
  first(): number;
  base(): number;
  items(): number;
  itemAt(): number;
  itemEnd(): number;
  verb(): number;
  verbAt(): number;
  verbBytes(): number;
  itemError(): number;
  targets(): number;
  target(index: number): number;
  seekTarget(index: number): number;
  resolve(at: number, length: number): number;
  idAt(): number;
  idBytes(): number;
  dataKind(): number;
  dataAt(): number;
  dataBytes(): number;
  optionsAt(): number;
  groupAt(): number;
  groupBytes(): number;
}

/** A new instance: its memory and state are nobody else's. Synchronous, and takes milliseconds. */
export function instantiate(): Exports {
  const binary = Uint8Array.from(atob(moduleBase64), (char) => char.charCodeAt(0));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(binary));
  return instance.exports as unknown as Exports;
}
