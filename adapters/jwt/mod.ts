export { JwtAuthorizer, type JwtParts } from "./jwt-authorizer.ts";
export type { JwtOptions } from "./jwt-options.ts";
export { type JwtAlgorithm, jwtAlgorithms } from "./verification-key.ts";
