/* The other half of web_map/layers: houses from few bytes (packed.py), shapes from whole steps (features.py). */

/** @typedef {import("./source.js").Feature} Feature */

/**
 * @param {any} packed What web_map/layers/packed.py wrote.
 * @param {Record<string, {label: string, names: Record<string, string>}>} words Of each column its label, and the names
 *   of its codes.
 * @returns {Feature[]}
 */
export function unpack(packed, words) {
  return packed.shapes.map((/** @type {any} */ shape, /** @type {number} */ i) => {
    const bare = typeof shape[0] === "number";
    const g = bare
      ? [ring(shape, packed)]
      : shape.map((/** @type {number[][]} */ part) => part.map((flat) => ring(flat, packed)));
    /** @type {Record<string, string>} */
    const p = {};
    const rows = [];
    for (const [name, column] of Object.entries(/** @type {Record<string, any>} */ (packed.coded))) {
      p[name] = column.of[column.at.charCodeAt(i) - 48];
      const known = words[name];
      if (known) rows.push([known.label, known.names[p[name]] || p[name]]);
    }
    if (packed.floors[i]) rows.push([words.floors.label, packed.floors[i]]);
    return { g, p, k: packed.k[i], c: (bare ? g[0] : g[0][0])[0], f: { title: packed.k[i], rows } };
  });
}

/**
 * @param {number[]} flat x, y of the first point from the origin, then differences.
 * @param {{o: [number, number], steps: number}} packed
 * @returns {[number, number][]} Latitude and longitude in degrees.
 */
function ring(flat, packed) {
  /** @type {[number, number][]} */
  const points = [];
  let [x, y] = packed.o;
  for (let i = 0; i < flat.length; i += 2) {
    x += flat[i];
    y += flat[i + 1];
    points.push([y / packed.steps, x / packed.steps]);
  }
  return points;
}

/**
 * @param {Feature[]} features As `in_steps` made them.
 * @param {number} steps How many are one degree.
 * @returns {Feature[]} With their shapes in degrees.
 */
export const spelled = (features, steps) => features.map((one) => ({ ...one, g: degrees(one.g, steps) }));

/** @param {any} shape @param {number} steps @returns {any} */
function degrees(shape, steps) {
  if (typeof shape[0] !== "number") return shape.map((/** @type {any} */ part) => degrees(part, steps));
  /** @type {[number, number][]} */
  const points = [];
  let [lat, lon] = [0, 0];
  for (let i = 0; i < shape.length; i += 2) {
    lat += shape[i];
    lon += shape[i + 1];
    points.push([lat / steps, lon / steps]);
  }
  return shape.length === 2 ? points[0] : points;
}
