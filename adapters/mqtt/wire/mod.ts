export {
  encodePresence,
  nodePresenceFault,
  originPresenceFault,
  parseNodePresence,
  parseOriginPresence,
} from "./presence.ts";
export {
  decodeGroup,
  encodeGroup,
  isApp,
  isName,
  type ParsedTopic,
  shownTopic,
  Topics,
} from "./topics.ts";
