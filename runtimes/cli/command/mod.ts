export { askOnce, type OneQuestion } from "./ask-once.ts";
export {
  type Call,
  type CliCommand,
  type Definition,
  defineCommand,
  type Example,
  type Option,
  type OptionTable,
  type Surroundings,
} from "./command.ts";
export { ExitCode } from "./exit-code.ts";
export { fileOption, jsonOption, texts } from "./options.ts";
export { complain, flush, say } from "./output.ts";
export { table } from "./table.ts";
export { visible } from "./visible.ts";
