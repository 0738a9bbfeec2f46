/**
 * Upper bounds of the buckets of every histogram, by its unit. Chosen once: with other bounds the
 * values of before and after cannot be compared.
 */
export const histogramBounds = {
  seconds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  bytes: [64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576],
  items: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500],
} as const;
