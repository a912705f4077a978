import assert from "node:assert/strict";
import { test } from "node:test";
import { fill, whole } from "../script/language.js";

test("thousands as Intl writes them", () => {
  for (const n of [0, 7, 999, 1000, 79158, 1234567, -1, -999, -1000, -654321])
    assert.equal(whole(n), n.toLocaleString("en"));
  assert.equal(whole(1999.6), "2,000");
  assert.equal(fill("{a} of {b}, {c} m", { a: 1200, b: "x", c: 0.5 }), "1,200 of x, 0.5 m");
});
