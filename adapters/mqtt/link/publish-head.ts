/** PUBLISH at QoS 0, not retained: MQTT 3.1.1, 3.3.1. */
const publishQos0 = 0x30;

/** Bytes of a length as MQTT writes it: seven bits a byte (MQTT 3.1.1, 2.2.3). */
function lengthBytes(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4;
}

/** A PUBLISH packet at QoS 0 up to its payload of so many bytes: MQTT 3.1.1 and 5, 3.3. */
export function publishHead(topic: string, payloadBytes: number, version: 4 | 5): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  // MQTT 5, 3.3.2.3: a packet without properties has their length, which is 0.
  const propertyBytes = version === 5 ? 1 : 0;
  let length = 2 + topicBytes + propertyBytes + payloadBytes;
  const head = Buffer.allocUnsafe(1 + lengthBytes(length) + length - payloadBytes);
  head[0] = publishQos0;
  let at = 1;
  for (; length >= 0x80; length >>= 7) head[at++] = (length & 0x7f) | 0x80;
  head[at++] = length;
  at = head.writeUInt16BE(topicBytes, at);
  head.write(topic, at);
  if (propertyBytes > 0) head[head.length - 1] = 0;
  return head;
}
