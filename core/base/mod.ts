export { assert } from "./assert.ts";
export { closeCodeOf, ErrorCode, errorCodeOf, ServiceError } from "./errors.ts";
export { limits } from "./limits.ts";
