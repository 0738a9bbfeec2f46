export { LinkCommandPort } from "./link-command-port.ts";
