import { denoWasm } from "../support/socket-fixture/combinations.ts";
import { socketSuite } from "./suite.ts";

socketSuite(denoWasm);
