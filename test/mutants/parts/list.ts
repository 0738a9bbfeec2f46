import { contract } from "./contract.ts";
import { endings } from "./endings.ts";
import { errors } from "./errors.ts";
import { features } from "./features.ts";
import { httpBatches } from "./http-batches.ts";
import { httpClient, httpErrors } from "./http-client.ts";
import { httpOrigins } from "./http-origins.ts";
import { moves } from "./moves.ts";
import type { Part } from "./mutant.ts";
import { operating } from "./operating.ts";
import { origins } from "./origins.ts";
import { programs } from "./programs.ts";
import { servicePort } from "./service-port.ts";
import { streams } from "./streams.ts";

/** All that is tried, in the order of the pages. */
export const parts: readonly Part[] = [
  streams,
  moves,
  endings,
  origins,
  features,
  programs,
  contract,
  errors,
  operating,
  servicePort,
  httpOrigins,
  httpBatches,
  httpClient,
  httpErrors,
];
