export { OriginEndpoint, type OriginEndpointListener } from "./origin-endpoint.ts";
