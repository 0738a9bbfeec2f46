export { inspectLimits } from "./inspect-limits.ts";
export { NodeInspector } from "./node-inspector.ts";
export type {
  AppView,
  ConnectionDetails,
  ConnectionFilter,
  ConnectionsAnswer,
  ConnectionView,
  DestinationView,
  LeftOut,
  NodeView,
  Question,
  TailFilter,
  TailLine,
  TailReceiver,
} from "./questions.ts";
export { TrafficMonitor } from "./traffic-monitor.ts";
