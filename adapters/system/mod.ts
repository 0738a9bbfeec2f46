export { SystemClock } from "./clock.ts";
export { descriptorFree, descriptorsMax, descriptorsOpen } from "./descriptors.ts";
export { SystemRandom } from "./random.ts";
