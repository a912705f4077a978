import assert from "node:assert/strict";
import { test } from "node:test";
import { spelled, unpack } from "../script/layers/packed.js";
import { InlineSource, mercator, projected } from "../script/layers/source.js";
import { POINT, POLYGON } from "../script/layers/symbol.js";

/** @type {[number, number]} */
const MIDDLE = [24.5105, 107.372];

/** @param {number} half Degrees. @returns {[number, number][]} A ring round the middle, from its south-west corner. */
const square = (half) => {
  const [lat, lon] = MIDDLE;
  return [
    [lat - half, lon - half],
    [lat - half, lon + half],
    [lat + half, lon + half],
    [lat + half, lon - half],
  ];
};

/** @param {number} z @returns {{x: number, y: number, z: number}} The tile in which the middle lies. */
const tileAt = (z) => {
  const [x, y] = mercator(MIDDLE);
  return { x: Math.floor(x * 2 ** z), y: Math.floor(y * 2 ** z), z };
};

test("Web Mercator is where the standard has it", () => {
  assert.deepEqual(mercator([0, 0]), [0.5, 0.5]);
  // EPSG:3857 of the pole of the square: 20,037,508.34 m.
  assert.ok(Math.abs(mercator([85.0511287798, 180])[1]) < 1e-9);
  const [x, y] = mercator(MIDDLE);
  assert.ok(Math.abs((x - 0.5) * 40075016.686 - 11952596.37) < 0.1);
  assert.ok(Math.abs((0.5 - y) * 40075016.686 - 2815739.3) < 0.1);
});

test("outer rings run clockwise on the screen, holes against it, and both are closed", () => {
  const area = (/** @type {number[][]} */ ring) =>
    ring.slice(1).reduce((sum, [x, y], i) => sum + ring[i][0] * y - x * ring[i][1], 0);
  for (const turned of [false, true]) {
    const rings = [square(0.002), square(0.001)];
    if (turned) for (const ring of rings) ring.reverse();
    const { parts, geomType } = projected({ g: rings, p: {} }, false);
    assert.equal(geomType, POLYGON);
    assert.ok(area(parts[0]) > 0);
    assert.ok(area(parts[1]) < 0);
    for (const ring of parts) assert.deepEqual(ring[0], ring.at(-1));
  }
});

test("a tile has what lies in it, from afar as dots, and a label once", async () => {
  const feature = { g: [square(0.0005)], p: { name: "x" }, c: MIDDLE, f: { title: "x" } };
  const source = new InlineSource([feature], { nearZoom: 15 });
  const near = await source.get(tileAt(16), 256);
  assert.equal(near.get("features")?.[0].geomType, POLYGON);
  assert.equal(near.get("features")?.[0].of, feature);
  const far = await source.get(tileAt(14), 256);
  assert.equal(far.get("features")?.[0].geomType, POINT);
  assert.equal(far.get("labels")?.length, 0, "dots carry no names");
  const { x, y, z } = tileAt(16);
  let labels = 0;
  for (const dx of [-1, 0, 1]) {
    for (const dy of [-1, 0, 1]) {
      labels += (await source.get({ x: x + dx, y: y + dy, z }, 256)).get("labels")?.length ?? 0;
    }
  }
  assert.equal(labels, 1);
  const away = await source.get({ x: x + 100, y, z }, 256);
  assert.equal(away.get("features")?.length, 0);
});

test("a packed house is unpacked where it was", () => {
  const packed = {
    o: [107_000_000, 24_000_000],
    steps: 1_000_000,
    shapes: [[372_000, 510_500, 10, 0, 0, 10, -10, 0]],
    k: ["451224100001"],
    floors: [3],
    coded: { hazard_tier: { of: ["severe", "some"], at: "1" } },
  };
  const words = { hazard_tier: { label: "隐患", names: { some: "一定" } }, floors: { label: "层数", names: {} } };
  const [house] = unpack(packed, words);
  assert.deepEqual(house.g[0][0], [24.5105, 107.372]);
  assert.deepEqual(house.g[0][2], [24.51051, 107.37201]);
  assert.deepEqual(house.f.rows, [
    ["隐患", "一定"],
    ["层数", 3],
  ]);
  assert.equal(house.p.hazard_tier, "some");
});

test("of what reaches far beyond a tile only what lies there is drawn", async () => {
  const [lat, lon] = MIDDLE;
  /** @type {[number, number][]} */
  const line = [
    [lat, lon - 1],
    [lat, lon + 1],
  ];
  const tile = tileAt(18);
  const sources = [
    new InlineSource([{ g: line, p: {} }], { line: true }),
    new InlineSource([{ g: [square(1)], p: {} }]),
  ];
  for (const source of sources) {
    const [found] = (await source.get(tile, 256)).get("features") ?? [];
    assert.ok(found.bbox.minX >= -25 && found.bbox.maxX <= 281, "cut at the margin");
    assert.ok(found.bbox.minX <= 0 && found.bbox.maxX >= 256, "and not before");
  }
});

test("shapes in whole steps of a degree", () => {
  const of = (/** @type {any} */ g) => ({ g, p: {}, k: "a" });
  const [point, line, area] = spelled(
    [of([245, 1073]), of([245, 1073, 1, -2, 0, 5]), of([[[245, 1073, 1, 1, -2, 0]], [[10, 20, 1, 1, -1, 1]]])],
    10,
  );
  assert.deepEqual(point.g, [24.5, 107.3]);
  assert.deepEqual(line.g, [
    [24.5, 107.3],
    [24.6, 107.1],
    [24.6, 107.6],
  ]);
  assert.deepEqual(area.g[1][0][1], [1.1, 2.1]);
  assert.equal(area.k, "a");
});
