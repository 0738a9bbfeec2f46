export { commands } from "./table.ts";
