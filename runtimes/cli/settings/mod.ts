export { readBrokerLogin, warnOfOpenBroker } from "./broker-login.ts";
export { createAuthorizer } from "./create-authorizer.ts";
export {
  checkCluster,
  checkIgnored,
  checkPlainGetStatus,
  readAccessKeys,
} from "./http-settings.ts";
export { settingInvalid } from "./read-file.ts";
export { adviceOn } from "./setting-advice.ts";
export { readTlsFiles } from "./tls-files.ts";
