export { type HeldPort, reusePortRefusal, workerCommand } from "../compose/mod.ts";
export { runCommandLine } from "./command-line.ts";
