import { bunWasm } from "../support/socket-fixture/combinations.ts";
import { socketSuite } from "./suite.ts";

socketSuite(bunWasm);
