export {
  type AdminPortOptions,
  openAdminPort,
  openPlainAdminPort,
  type Reload,
  totalsOf,
} from "./admin-port.ts";
export { BrokerBook } from "./broker-book.ts";
export { LinkActions } from "./link-actions.ts";
