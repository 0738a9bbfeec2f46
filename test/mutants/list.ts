import { monitoring } from "./monitoring.ts";
import { admin } from "./parts/admin/admin.ts";
import { brokers } from "./parts/brokers.ts";
import { terminal } from "./parts/cli/terminal.ts";
import { contract } from "./parts/contract.ts";
import { endings } from "./parts/endings.ts";
import { errors } from "./parts/errors.ts";
import { features } from "./parts/features.ts";
import { httpBatches } from "./parts/http-batches.ts";
import { httpClient, httpErrors } from "./parts/http-client.ts";
import { httpOrigins } from "./parts/http-origins.ts";
import { moves } from "./parts/moves.ts";
import type { Part } from "./parts/mutant.ts";
import { operating } from "./parts/operating.ts";
import { origins } from "./parts/origins.ts";
import { programs } from "./parts/programs.ts";
import { servicePort } from "./parts/service-port.ts";
import { streams } from "./parts/streams.ts";

/** All that is tried, in the order of the pages. */
export const parts: readonly Part[] = [
  streams,
  moves,
  endings,
  origins,
  features,
  programs,
  contract,
  brokers,
  errors,
  operating,
  admin,
  terminal,
  monitoring,
  servicePort,
  httpOrigins,
  httpBatches,
  httpClient,
  httpErrors,
];
