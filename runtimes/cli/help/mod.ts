export { completionScript, shells } from "./completion-script.ts";
export { type Help, helpOn } from "./help-on.ts";
