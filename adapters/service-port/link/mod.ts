export { LinkCommandPort, type LinkCommandPortOptions } from "./link-command-port.ts";
