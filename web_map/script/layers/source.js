/* Where a layer's features come from: vector tiles of the service, or features that came with the page. Either way the
   library asks for the content of a tile, so that drawing, picking and labelling are the same. */
import Point from "@mapbox/point-geometry";
import { clipPolygon, clipPolyline } from "lineclip";
import { ZxySource } from "protomaps-leaflet";
import { LINE, POINT, POLYGON } from "./symbol.js";

/**
 * @typedef {{g: any, p: Record<string, any>, c?: [number, number], f?: any, k?: string}} Feature  As
 *   web_map/layers/features.py makes it: g its shape as nested [latitude, longitude], p what styles it, c a point on
 *   it, f its facts, k its key.
 * @typedef {{x: number, y: number, z: number}} Tile
 */

/** Pixels beyond a tile's edge in which a feature is still given to it: its line or its dot reaches in. */
const MARGIN = 24;

/** Vector tiles of the service, which hold one layer or several. */
export class TiledSource {
  /** @param {string} url */
  constructor(url) {
    this.tiles = new ZxySource(url, true);
    /** Of layers with names the property, and how much of it. @type {Map<string, {label: string, tail: number}>} */
    this.named = new Map();
    /** @type {Set<string>} Layer and square of what could not take all that lies there. */
    this.capped = new Set();
  }

  /**
   * @param {Tile} tile
   * @param {number} size
   */
  async get(tile, size) {
    const layers = await this.tiles.get(tile, size);
    for (const name of [...layers.keys()]) {
      const mark = /^capped(?:-(.*))?$/.exec(name);
      if (!mark) continue;
      layers.delete(name);
      this.capped.add(squareOf(mark[1] ?? "", tile));
    }
    for (const [name, { label, tail }] of this.named) {
      layers.set(`labels-${name}`, names(layers.get(name) || [], label, tail, size));
    }
    return layers;
  }

  /** @param {string} layer @param {Tile} tile @returns {boolean} Whether something of the layer was left out there. */
  isCapped(layer, tile) {
    return this.capped.has(squareOf("", tile)) || this.capped.has(squareOf(layer, tile));
  }
}

/** @param {string} layer @param {Tile} tile */
const squareOf = (layer, { z, x, y }) => `${layer}/${z}/${x}/${y}`;

/**
 * @param {any[]} features Of a tile.
 * @param {string} label
 * @param {number} tail
 * @param {number} size Pixels of the tile's side.
 * @returns {any[]} A point for the name of each, in the one tile that holds its middle.
 */
function names(features, label, tail, size) {
  const made = [];
  for (const feature of features) {
    const { minX, minY, maxX, maxY } = feature.bbox;
    const middle = new Point((minX + maxX) / 2, (minY + maxY) / 2);
    if (!feature.props[label] || Math.min(middle.x, middle.y) < 0 || Math.max(middle.x, middle.y) >= size) continue;
    const props = { ...feature.props, [label]: String(feature.props[label]).slice(-tail) };
    made.push({ ...feature, geomType: POINT, geom: [[middle]], props });
  }
  return made;
}

/**
 * @param {[number, number]} at Latitude and longitude in degrees.
 * @returns {[number, number]} In the square of Web Mercator, from 0 to 1, y downwards.
 */
export function mercator([lat, lon]) {
  const sine = Math.sin((lat * Math.PI) / 180);
  return [lon / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

/**
 * @param {[number, number][]} ring
 * @returns {number} Twice its area; positive where it runs clockwise on the screen.
 */
function twiceArea(ring) {
  return ring.reduce((sum, [x, y], i) => {
    const [u, v] = ring[(i + 1) % ring.length];
    return sum + x * v - u * y;
  }, 0);
}

/**
 * @param {any} shape Nested [latitude, longitude] of a polygon, or of several.
 * @returns {[number, number][][]} Its rings, closed; outer ones clockwise on the screen and holes against it.
 */
function rings(shape) {
  if (typeof shape[0][0][0] !== "number") return shape.flatMap(rings);
  return shape.map((/** @type {[number, number][]} */ points, /** @type {number} */ k) => {
    const ring = points.map(mercator);
    if (twiceArea(ring) > 0 !== (k === 0)) ring.reverse();
    return [...ring, ring[0]];
  });
}

/** @param {any} shape @returns {[number, number][][]} */
function lines(shape) {
  return typeof shape[0][0] === "number" ? [shape.map(mercator)] : shape.flatMap(lines);
}

/**
 * @param {Feature} feature
 * @param {boolean} line Whether the layer draws lines.
 */
export function projected(feature, line) {
  const shape = feature.g;
  const empty = !shape || shape.length === 0;
  /** @type {[number, number][][]} */
  let parts = [];
  let geomType = POINT;
  if (!empty && typeof shape[0] === "number") parts = [[mercator(shape)]];
  else if (!empty && line) [geomType, parts] = [LINE, lines(shape)];
  else if (!empty) {
    // A packed house of one plain ring is given bare.
    [geomType, parts] = [POLYGON, rings(typeof shape[0][0] === "number" ? [shape] : shape)];
  }
  const box = [1, 1, 0, 0];
  for (const part of parts) {
    for (const [x, y] of part) {
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    }
  }
  return { feature, geomType, parts, box, middle: feature.c ? mercator(feature.c) : null };
}

/** Features that came with the page; from afar, where the layer has it so, as dots at their middles. */
export class InlineSource {
  /**
   * @param {Feature[]} features
   * @param {{line?: boolean, nearZoom?: number}} [options] Below `nearZoom` features are dots.
   */
  constructor(features, { line = false, nearZoom = 0 } = {}) {
    this.features = features.map((feature) => projected(feature, line));
    this.nearZoom = nearZoom;
  }

  /** @returns {boolean} Whether something was left out. */
  isCapped() {
    return false;
  }

  /**
   * @param {Tile} tile
   * @param {number} size Pixels of a side.
   * @returns {Promise<Map<string, any[]>>} Its shapes as `features`, and a point a feature as `labels`.
   */
  async get({ x, y, z }, size) {
    const scale = size * 2 ** z;
    const margin = MARGIN / scale;
    const [left, top, side] = [x / 2 ** z, y / 2 ** z, 1 / 2 ** z];
    const far = z < this.nearZoom;
    const clip = [left - margin, top - margin, left + side + margin, top + side + margin];
    const shapes = [];
    const labels = [];
    /** @param {number[]} box */
    const near = ([west, north, east, south]) =>
      west <= left + side + margin && east >= left - margin && north <= top + side + margin && south >= top - margin;
    for (const { feature, geomType, parts, box, middle } of this.features) {
      const dot = far && middle ? [[middle]] : null;
      if (near(dot && middle ? [...middle, ...middle] : box) && parts.length) {
        const type = dot ? POINT : geomType;
        const seen = dot ?? clipped(parts, geomType, box, clip);
        if (seen.length) shapes.push(placed(feature, type, seen, left, top, scale, Boolean(dot)));
      }
      // A label belongs to the one tile that holds its point.
      if (
        middle &&
        !far &&
        middle[0] >= left &&
        middle[0] < left + side &&
        middle[1] >= top &&
        middle[1] < top + side
      ) {
        labels.push(placed(feature, POINT, [[middle]], left, top, scale, false));
      }
    }
    return new Map([
      ["features", shapes],
      ["labels", labels],
    ]);
  }
}

/**
 * @param {[number, number][][]} parts
 * @param {number} geomType
 * @param {number[]} box
 * @param {number[]} clip
 * @returns {[number, number][][]} What of a shape lies in a box: dashing a line of a million pixels takes seconds.
 */
function clipped(parts, geomType, box, clip) {
  const inside = box[0] >= clip[0] && box[1] >= clip[1] && box[2] <= clip[2] && box[3] <= clip[3];
  if (inside || geomType === POINT) return parts;
  if (geomType === LINE) return parts.flatMap((line) => clipPolyline(line, clip));
  return parts
    .map((ring) => clipPolygon(ring.slice(0, -1), clip))
    .filter((ring) => ring.length > 2)
    .map((ring) => [...ring, ring[0]]);
}

/**
 * @param {Feature} feature
 * @param {number} geomType
 * @param {[number, number][][]} parts
 * @param {number} left
 * @param {number} top
 * @param {number} scale
 * @param {boolean} far
 */
function placed(feature, geomType, parts, left, top, scale, far) {
  const geom = parts.map((part) => part.map(([x, y]) => new Point((x - left) * scale, (y - top) * scale)));
  const bbox = { minX: Infinity, minY: Infinity, maxX: -Infinity, maxY: -Infinity };
  let numVertices = 0;
  for (const part of geom) {
    numVertices += part.length;
    for (const { x, y } of part) {
      bbox.minX = Math.min(bbox.minX, x);
      bbox.minY = Math.min(bbox.minY, y);
      bbox.maxX = Math.max(bbox.maxX, x);
      bbox.maxY = Math.max(bbox.maxY, y);
    }
  }
  return { id: 0, geomType, geom, numVertices, bbox, props: feature.p, of: feature, far };
}
