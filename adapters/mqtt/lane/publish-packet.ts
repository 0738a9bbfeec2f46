import { Buffer } from "node:buffer";

/** PUBLISH at QoS 0, not retained: MQTT 3.1.1, 3.3.1. */
export const publishQos0 = 0x30;

/** Bytes of a length as MQTT writes it: seven bits a byte (MQTT 3.1.1, 2.2.3). */
function lengthBytes(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4;
}

/** What a PUBLISH packet is made of, besides its payload. */
export interface PublishHead {
  readonly topic: string;
  readonly payloadBytes: number;
  /** `4` is MQTT 3.1.1. */
  readonly version: 4 | 5;
}

/**
 * A PUBLISH packet at QoS 0 up to its payload: MQTT 3.1.1 and 5, 3.3. Behind it the buffer has
 * `room` bytes more.
 */
export function publishHead(head: PublishHead, room = 0): Buffer {
  const bytes = publishHeadBytes(head);
  const packet = Buffer.allocUnsafe(bytes + room);
  writePublishHead(packet, head);
  return packet;
}

/** Bytes of such a packet up to its payload. */
export function publishHeadBytes({ topic, payloadBytes, version }: PublishHead): number {
  const variableBytes = 2 + Buffer.byteLength(topic) + propertyBytes(version);
  return 1 + lengthBytes(variableBytes + payloadBytes) + variableBytes;
}

/** Writes it at the start of `packet`. */
export function writePublishHead(packet: Buffer, head: PublishHead): void {
  const { topic, payloadBytes, version } = head;
  const topicBytes = Buffer.byteLength(topic);
  let length = 2 + topicBytes + propertyBytes(version) + payloadBytes;
  packet[0] = publishQos0;
  let at = 1;
  for (; length >= 0x80; length >>= 7) packet[at++] = (length & 0x7f) | 0x80;
  packet[at++] = length;
  packet[at++] = topicBytes >> 8;
  packet[at++] = topicBytes;
  packet.write(topic, at);
  if (version === 5) packet[at + topicBytes] = 0;
}

/** MQTT 5, 3.3.2.3: a packet without properties has their length, which is 0. */
function propertyBytes(version: 4 | 5): number {
  return version === 5 ? 1 : 0;
}
