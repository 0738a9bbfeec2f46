/** Precise to the fraction, as the origins' logs are. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
