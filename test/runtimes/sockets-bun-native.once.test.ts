import { bunNative } from "../support/socket-fixture/combinations.ts";
import { socketSuite } from "./suite.ts";

socketSuite(bunNative);
