import assert from "node:assert/strict";
import { test } from "node:test";
import { classOf, farStyle, styleOf } from "../script/layers/style.js";

const [red, blue, grey] = ["red", "blue", "grey"].map((color) => ({ color, fillColor: color }));
/** @type {import("../script/layers/style.js").Rule} */
const STEPS = {
  by: "score",
  steps: [
    [60, red],
    [20, blue],
  ],
  fallback: grey,
};
/** @type {import("../script/layers/style.js").Rule} */
const VALUES = { by: "kind", values: { school: red }, fallback: grey };

test("a feature has the style of the first step that it reaches", () => {
  assert.deepEqual(
    [75, 60, 59.9, 20, 3, -1].map((score) => styleOf(STEPS, { score })),
    [red, red, blue, blue, grey, grey],
  );
  assert.deepEqual(
    [60, 20, 3].map((score) => classOf(STEPS, { score })),
    ["60", "20", ""],
  );
});

test("a feature has the style of its value, or the fallback", () => {
  assert.equal(styleOf(VALUES, { kind: "school" }), red);
  assert.equal(styleOf(VALUES, { kind: "market" }), grey);
  assert.equal(classOf(VALUES, { kind: "market" }), "");
  assert.equal(styleOf({ fallback: blue }, {}), blue);
});

test("a dot's area grows with the houses that it stands for", () => {
  const radius = (/** @type {number} */ houses) => (farStyle(red, { houses }, {}).radius ?? 0) - 2;
  assert.ok(Math.abs(radius(400) / radius(100) - 2) < 1e-9);
  assert.equal(farStyle(red, { size: 9 }, { farRadius: 3 }).radius, 9);
  assert.equal(farStyle(red, {}, { farRadius: 3, farWeight: 0 }).weight, 0);
});
