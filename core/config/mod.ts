export { clusterSettings, httpOriginSettings, serviceSettings } from "./http-settings.ts";
export type { SettingSources } from "./read-settings.ts";
export {
  checkFlag,
  configFlag,
  environmentName,
  readFlags,
  readSettings,
} from "./read-settings.ts";
export type { Setting } from "./setting-kinds.ts";
export { type SettingName, type Settings, settingGroups, settings } from "./settings.ts";
export { suggest } from "./suggest.ts";
export { parseDuration, parseSize } from "./units.ts";
