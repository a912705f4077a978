import assert from "node:assert/strict";
import { test } from "node:test";
import { ofGaps, ofSteps } from "../script/fire/slider.js";

test("gaps up to a width are summed, with the grain of the classes", () => {
  const sum = ofGaps(
    {
      classes: ["handshake", "narrow"],
      rows: [
        [0.9, 10, 0, 1, 2],
        [1.004, 5, 0, 2, 3],
        [3, 7, 1, 4, 5],
      ],
    },
    0.005,
  );
  assert.deepEqual(sum(1), { gaps: 2, metres: 15, houses: 3, byClass: { handshake: 15 } });
  assert.deepEqual(sum(0.5), { gaps: 0, metres: 0, houses: 0, byClass: {} });
  assert.equal(sum(4).houses, 5);
});

test("figures of tenths of a metre are summed", () => {
  const data = {
    gaps: [
      { step: 9, gaps: 2, metres: 8, class: "handshake" },
      { step: 30, gaps: 1, metres: 4, class: "narrow" },
    ],
    houses: [
      { step: 9, houses: 3 },
      { step: 30, houses: 1 },
    ],
  };
  assert.deepEqual(ofSteps(data)(1), { gaps: 2, metres: 8, houses: 3, byClass: { handshake: 8 } });
  assert.deepEqual(ofSteps(data)(4), { gaps: 3, metres: 12, houses: 4, byClass: { handshake: 8, narrow: 4 } });
});
