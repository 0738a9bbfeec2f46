import { encodeGroup, type Topics } from "../../../adapters/topics/mod.ts";

/** Where any MQTT client publishes a raw text message to a group. */
export function groupText({ root }: Topics, app: string, group: string): string {
  return `${root}${app}/groups/${encodeGroup(group)}/text`;
}

/** Where any MQTT client publishes a raw binary message to a group. */
export function groupBinary({ root }: Topics, app: string, group: string): string {
  return `${root}${app}/groups/${encodeGroup(group)}/binary`;
}
