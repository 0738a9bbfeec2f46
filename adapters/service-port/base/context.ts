import type { Context } from "hono";
import { type Bodies, Refusal, type RequestSource } from "../../http/mod.ts";
import type { Access } from "./access.ts";
import type { CommandPort } from "./command-port.ts";

/** The environment of hono's handlers. */
export interface ServiceEnvironment {
  readonly Bindings: RequestSource;
}

export type ServiceContext = Context<ServiceEnvironment>;

/** What the handlers of the service port work with. */
export interface ServicePortDependencies {
  readonly port: CommandPort;
  readonly access: Access;
  readonly bodies: Bodies;
}

/** The app that `?app=` names; the first one if there is none. Throws `request-path`. */
export function appOf({ apps }: CommandPort, context: ServiceContext): string {
  const [first = ""] = apps;
  const app = context.req.query("app") ?? first;
  if (apps.includes(app)) return app;
  throw new Refusal("request-path", `?app= must be one of ${apps.join(", ")}`);
}

/** Throws `broker-lost` if no command can be sent now. */
export function checkReady({ ready }: CommandPort): void {
  if (!ready) throw new Refusal("broker-lost", "the broker is away: nothing can be sent now");
}
