export { readBrokerLogin, warnOfOpenBroker } from "./broker-login.ts";
export { createAuthorizer, readTokenFiles } from "./create-authorizer.ts";
export { gatewaySettings, hasFiles } from "./gateway-settings.ts";
export { readAccessKeys } from "./http-settings.ts";
export { readSecretFile, readSettingFile, settingInvalid } from "./read-file.ts";
export { changesOf, reloadable } from "./reloadable.ts";
export { adviceOn } from "./setting-advice.ts";
export { readTlsFiles } from "./tls-files.ts";
