export { basicCredentials } from "./basic-credentials.ts";
export { SystemClock } from "./clock.ts";
export { descriptorFree, descriptorsMax, descriptorsOpen } from "./descriptors.ts";
export { EventLoopLag } from "./event-loop-lag.ts";
export { portError } from "./port-error.ts";
export { SystemRandom } from "./random.ts";
export { Secret } from "./secret.ts";
