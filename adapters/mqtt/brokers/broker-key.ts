import { encodeGroup, type Topics } from "../../topics/mod.ts";

/**
 * What decides on the broker of a topic. Topics with the same key share a broker: both directions
 * between a node and an origin, and all topics of a group.
 */
export function brokerKey(topics: Topics, topic: string): string {
  const parsed = topics.parse(topic);
  switch (parsed?.kind) {
    case "origin-events":
      return `${parsed.app}/nodes/${parsed.node}/${parsed.origin}`;
    case "node-commands":
      return `${parsed.app}/nodes/${parsed.node}/${parsed.sender}`;
    case "group-commands":
    case "group-text":
    case "group-binary":
      return `${parsed.app}/groups/${encodeGroup(parsed.group)}`;
    default:
      return topic.startsWith(topics.root) ? topic.slice(topics.root.length) : topic;
  }
}
