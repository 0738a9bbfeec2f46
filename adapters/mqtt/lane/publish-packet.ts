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
export function publishHead({ topic, payloadBytes, version }: PublishHead, room = 0): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  // MQTT 5, 3.3.2.3: a packet without properties has their length, which is 0.
  const propertyBytes = version === 5 ? 1 : 0;
  const variableBytes = 2 + topicBytes + propertyBytes;
  let length = variableBytes + payloadBytes;
  const headBytes = 1 + lengthBytes(length) + variableBytes;
  const head = Buffer.allocUnsafe(headBytes + room);
  head[0] = publishQos0;
  let at = 1;
  for (; length >= 0x80; length >>= 7) head[at++] = (length & 0x7f) | 0x80;
  head[at++] = length;
  head[at++] = topicBytes >> 8;
  head[at++] = topicBytes;
  head.write(topic, at);
  if (propertyBytes > 0) head[headBytes - 1] = 0;
  return head;
}
