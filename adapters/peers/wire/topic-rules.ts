import {
  nodePresenceFault,
  originPresenceFault,
  type ParsedTopic,
  parseNodePresence,
  parseOriginPresence,
} from "../../topics/mod.ts";
import type { PeerMessage } from "./peer-messages.ts";

/**
 * Why no peer may publish this message; undefined if one may. A peer publishes what its node, its
 * origins and its service port publish, and nothing of another node.
 */
export function topicFault(
  { payload, retain }: PeerMessage,
  parsed: ParsedTopic | undefined,
  { from, to }: { readonly from: string; readonly to: string },
): string | undefined {
  if (parsed === undefined) return "not a topic of the protocol";
  const { kind } = parsed;
  if (retain !== (kind === "node-presence" || kind === "origin-presence")) {
    return "presences must be retained, and nothing else may be";
  }
  switch (kind) {
    case "node-commands":
      return parsed.node === to ? undefined : `node ${parsed.node} is not this node`;
    case "events":
    case "origin-events":
      return parsed.node === from ? undefined : `events of node ${parsed.node} are not its own`;
    case "node-presence":
      if (parsed.node !== from) return `the presence of node ${parsed.node} is not its own`;
      if (payload.byteLength === 0 || parseNodePresence(payload) !== undefined) return undefined;
      return `the presence is malformed: ${nodePresenceFault(payload)}`;
    case "origin-presence":
      if (payload.byteLength === 0 || parseOriginPresence(payload) !== undefined) return undefined;
      return `the presence is malformed: ${originPresenceFault(payload)}`;
    case "presence-ask":
      return "a peer's presence is sent without being asked for";
    default:
      return undefined;
  }
}
