import { acting } from "./parts/admin/acting.ts";
import { admin } from "./parts/admin/admin.ts";
import { following } from "./parts/admin/following.ts";
import { brokers } from "./parts/brokers.ts";
import { acl } from "./parts/cli/acl.ts";
import { commands } from "./parts/cli/commands.ts";
import { terminal } from "./parts/cli/terminal.ts";
import { contract } from "./parts/contract.ts";
import { endings } from "./parts/endings.ts";
import { errors } from "./parts/errors.ts";
import { features } from "./parts/features.ts";
import { httpBatches } from "./parts/http-batches.ts";
import { httpClient, httpErrors } from "./parts/http-client.ts";
import { httpOrigins } from "./parts/http-origins.ts";
import { moves } from "./parts/moves.ts";
import { dataLane, largeMessages } from "./parts/mqtt/data-lane.ts";
import type { Part } from "./parts/mutant.ts";
import { operating } from "./parts/operating.ts";
import { origins } from "./parts/origins.ts";
import { programs } from "./parts/programs.ts";
import { commandLives } from "./parts/properties/commands.ts";
import { bunStreams } from "./parts/runtimes/bun-streams.ts";
import { servicePort } from "./parts/service-port.ts";
import { streams } from "./parts/streams.ts";
import { logs } from "./parts/watching/logs.ts";
import { metrics } from "./parts/watching/metrics.ts";
import { monitoring } from "./parts/watching/monitoring.ts";
import { reloads } from "./parts/watching/reload.ts";
import { tokens } from "./parts/watching/tokens.ts";
import { traces } from "./parts/watching/traces.ts";
import { workers } from "./parts/watching/workers.ts";

/** All that is tried, in the order of the pages. */
export const parts: readonly Part[] = [
  streams,
  moves,
  endings,
  origins,
  commandLives,
  features,
  programs,
  contract,
  brokers,
  dataLane,
  largeMessages,
  errors,
  operating,
  tokens,
  admin,
  following,
  acting,
  terminal,
  commands,
  acl,
  monitoring,
  metrics,
  logs,
  reloads,
  workers,
  traces,
  servicePort,
  httpOrigins,
  httpBatches,
  httpClient,
  httpErrors,
  bunStreams,
];
