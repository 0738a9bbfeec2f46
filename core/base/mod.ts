export { assert } from "./assert.ts";
export { compressedBytesMax } from "./compressed-size.ts";
export { nodeOfConnectionId } from "./connection-id.ts";
export { closeCodeOf, ErrorCode, errorCodeOf, isLimit, ServiceError } from "./errors.ts";
export { isGroupName } from "./group-name.ts";
export {
  type AddressRange,
  addressGroup,
  inRange,
  isInRanges,
  parseAddress,
  parseAddressRange,
  plainAddress,
} from "./ip-address.ts";
export { LatestMap } from "./latest-map.ts";
export { limits } from "./limits.ts";
export { randomName } from "./random-name.ts";
export { isRoutePattern, parseRoute, type Route } from "./route.ts";
