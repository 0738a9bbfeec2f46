import { after, afterEach, beforeEach } from "node:test";
import { type Combination, Fixture } from "./combinations.ts";

/**
 * One fixture for all tests of a file. The test that it dies in fails and shows its last words;
 * the next test gets another fixture.
 */
export function fixtureForTests(combination: Combination): () => Fixture {
  let fixture: Fixture | undefined;
  beforeEach(async () => {
    fixture ??= await Fixture.start(combination, { compression: true });
  });
  afterEach(async () => {
    if (fixture === undefined || (await fixture.alive())) return;
    const dead = fixture;
    fixture = undefined;
    await dead.stop().catch((error: Error) => {
      // The runner shows one error of a test, and that may be what came of it.
      console.error(error.message);
      throw error;
    });
  });
  after(() => fixture?.stop());
  return () => {
    if (fixture === undefined) throw new Error("the fixture is not up");
    return fixture;
  };
}
