import assert from "node:assert/strict";
import { test } from "node:test";
import { moved, parts } from "../script/planner/outline.js";

/** @type {[number, number][]} */
const LEFT = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
  [0, 0],
];
/** @type {[number, number][]} */
const RIGHT = [
  [1, 0],
  [2, 0],
  [2, 1],
  [1, 1],
  [1, 0],
];

test("a corner that two parts share moves in both, and closes its ring", () => {
  const after = moved([[LEFT], [RIGHT]], [1, 0], [1.2, -0.1]);
  assert.deepEqual(after[0][0][1], [1.2, -0.1]);
  assert.deepEqual(after[1][0][0], [1.2, -0.1]);
  assert.deepEqual(after[1][0].at(-1), [1.2, -0.1]);
  assert.deepEqual(after[0][0][0], [0, 0]);
});

test("a polygon is a multipolygon of one part", () => {
  assert.deepEqual(parts({ type: "Polygon", coordinates: [LEFT] }), [[LEFT]]);
  assert.deepEqual(parts({ type: "MultiPolygon", coordinates: [[LEFT], [RIGHT]] }), [[LEFT], [RIGHT]]);
});
