export { peerLimits } from "./peer-limits.ts";
export {
  decodeBatch,
  encodeBatch,
  type PeerIdentity,
  type PeerMessage,
  parseIdentity,
  reasonOf,
} from "./peer-messages.ts";
export {
  digestOf,
  type GenuineHeaders,
  PeerSignature,
  type PeerStamp,
} from "./peer-signature.ts";
export { topicFault } from "./topic-rules.ts";
