export { Authorizations } from "./authorizations.ts";
export {
  type AuthorizeAnswer,
  type AuthorizeHandler,
  type AuthorizeRequest,
  type Grant,
  Rejection,
  reject,
} from "./authorize.ts";
export { Dispatcher } from "./dispatcher.ts";
