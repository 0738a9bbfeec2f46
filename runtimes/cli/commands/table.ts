import type { CliCommand } from "../command/mod.ts";
import { acl } from "./acl.ts";
import { close, connections, origins, publish, reload, send, tail, top } from "./admin/mod.ts";
import { benchBrokerCommand } from "./bench-broker.ts";
import { bridge } from "./bridge.ts";
import { completion } from "./completion.ts";
import { connect } from "./connect.ts";
import { dev } from "./dev.ts";
import { doctor } from "./doctor.ts";
import { health } from "./health.ts";
import { serve } from "./serve.ts";

/** Every command, in the order in which help shows them. A new one is a line here. */
export const commands: readonly CliCommand[] = [
  dev,
  serve,
  bridge,
  connect,
  health,
  doctor,
  acl,
  benchBrokerCommand,
  top,
  connections,
  tail,
  send,
  close,
  publish,
  origins,
  reload,
  completion,
];
