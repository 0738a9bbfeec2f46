export { DataLane, type DataLaneOptions } from "./data-lane.ts";
