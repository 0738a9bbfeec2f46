export { clusterSettings, httpOriginSettings, serviceSettings } from "./http-settings.ts";
export {
  choice,
  duration,
  host,
  integer,
  list,
  matching,
  orEmpty,
  parseDuration,
  parseSize,
  path,
  type Setting,
  type SettingTable,
  size,
  toggle,
} from "./kinds/mod.ts";
export { type LogLevels, logCategories } from "./log-levels.ts";
export { checkFlag, configFlag, configFlags, readWords } from "./read-flags.ts";
export type { SettingSources } from "./read-settings.ts";
export { checkValue, environmentName, readSettings } from "./read-settings.ts";
export {
  type SettingGroup,
  type SettingName,
  type Settings,
  settingGroups,
  settings,
} from "./settings.ts";
export { suggest } from "./suggest.ts";
