export { requestJson } from "./fetch-json.ts";
export { JwtAuthorizer } from "./jwt-authorizer.ts";
export type { JwtOptions, JwtPorts } from "./jwt-options.ts";
export { jwtAlgorithms } from "./verification-key.ts";
