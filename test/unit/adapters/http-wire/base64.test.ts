import assert from "node:assert/strict";
import { test } from "node:test";
import { base64, fromBase64 } from "../../../../adapters/http-wire/mod.ts";

test("standard base64 with padding is read, and nothing else", () => {
  for (const length of [0, 1, 2, 3, 4, 5, 300]) {
    const bytes = Uint8Array.from({ length }, (_, at) => 255 - at);
    assert.deepEqual(fromBase64(base64(bytes)), bytes);
  }
  assert.deepEqual(fromBase64("AAEC\r\nAw==\n"), Uint8Array.of(0, 1, 2, 3));
  const wrong = ["A", "AA", "AAA", "AA=", "A===", "====", "==", "AA==AAAA", "AAAA=", "AA-_"];
  for (const text of [...wrong, "AAA=A", "AA= =", " AAAA", "AAA\u00e9"]) {
    assert.equal(fromBase64(text), undefined, text);
  }
});

test("base64 of the largest message is read: in fours it is too much for V8 and JSC", () => {
  const bytes = new Uint8Array(16 * 1_048_576).fill(7);
  const text = base64(bytes);
  assert.equal(fromBase64(text)?.length, bytes.length);
  assert.equal(fromBase64(`${text.slice(0, -1)}-`), undefined);
});
