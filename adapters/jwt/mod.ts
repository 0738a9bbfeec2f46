export { JwtAuthorizer } from "./jwt-authorizer.ts";
export type { JwtOptions, JwtPorts } from "./jwt-options.ts";
export { type JwtAlgorithm, jwtAlgorithms } from "./verification-key.ts";
