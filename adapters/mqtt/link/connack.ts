/**
 * What a refused CONNECT means for the next attempt. `refused`: the broker will never accept this
 * CONNECT (credentials, client id, permission). `version`: it may accept another protocol version.
 * `later`: it is busy or shutting down. MQTT 3.1.1, 3.2.2.3; MQTT 5, 3.2.2.2.
 */
export type ConnackVerdict = "refused" | "version" | "later";

const verdicts: ReadonlyMap<number, ConnackVerdict> = new Map<number, ConnackVerdict>([
  // MQTT 3.1.1
  [1, "version"],
  [2, "refused"],
  [3, "later"],
  [4, "refused"],
  [5, "refused"],
  // MQTT 5
  [0x81, "version"],
  [0x82, "version"],
  [0x84, "version"],
  [0x85, "refused"],
  [0x86, "refused"],
  [0x87, "refused"],
  [0x8a, "refused"],
  [0x8c, "refused"],
  [0x95, "refused"],
  [0x9a, "refused"],
  [0x9b, "refused"],
]);

/** The meaning of a CONNACK's code. An unknown one means `later`. */
export function connackVerdict(code: number): ConnackVerdict {
  return verdicts.get(code) ?? "later";
}
