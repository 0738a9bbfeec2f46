export type { SettingSources } from "./read-settings.ts";
export { configFlag, environmentName, readFlags, readSettings } from "./read-settings.ts";
export type { Setting } from "./setting-kinds.ts";
export { type SettingName, type Settings, settings } from "./settings.ts";
export { parseDuration, parseSize } from "./units.ts";
