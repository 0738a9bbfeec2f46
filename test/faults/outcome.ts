import type { Complaint } from "./evidence/complaints.ts";
import type { SeenMemory } from "./evidence/memory-sampler.ts";
import type { WireVerdict } from "./judge/judge-wire.ts";
import type { Verdict } from "./judge/verdict.ts";
import type { Fault } from "./kinds/fault.ts";

/** What one fault did under load, and what is proved of it. */
export interface Outcome {
  readonly fault: Fault;
  readonly combination: string;
  readonly verdict: Verdict;
  readonly wire: WireVerdict;
  readonly recoveryMs: number | undefined;
  readonly memory: SeenMemory;
  /** Ends of connections that are not as they have to be, in words. */
  readonly endings: readonly string[];
  /** What nodes and origins complained of. */
  readonly errors: readonly Complaint[];
  /** Everything that is not as promised. */
  readonly failures: readonly string[];
}
