/* The outline of an area in the hand: every part and hole has handles, corners that parts share move together, and each
   change can be taken back. Drawn and edited by Leaflet-Geoman, which comes when it is first needed. */
import { element } from "../dom.js";
import L from "../leaflet.js";

/** How many changes can be taken back. */
const STEPS = 50;
/** Digits of a degree: 1 cm. */
const DIGITS = 7;

/** @type {Promise<void> | null} */
let coming = null;

/**
 * Bring the drawing library into the page, once.
 *
 * @param {L.Map} map
 * @param {[string, string]} addresses Of its script and its styles.
 * @returns {Promise<void>}
 */
export function drawing(map, [script, style]) {
  coming ??= new Promise((done, fail) => {
    document.head.append(element("link", { rel: "stylesheet", href: style }));
    const node = element("script", {
      src: script,
      onload: () => done(undefined),
      onerror: () => fail(new Error(script)),
    });
    document.head.append(node);
  }).then(() => {
    /** @type {any} */ (L).PM.reInitLayer(map); // the map was there before the library
    map.createPane("gis-handles").style.zIndex = "630"; // above what they are the handles of
    const panes = { vertexPane: "gis-handles", layerPane: "gis-drawn", markerPane: "gis-handles" };
    const options = { panes, snappable: true, snapDistance: 12, tooltips: false, allowSelfIntersection: false };
    /** @type {any} */ (map).pm.setGlobalOptions(options);
  });
  return coming;
}

/** @typedef {[number, number][][][]} Coordinates  Of a GeoJSON MultiPolygon. */

/**
 * @param {any} geometry A GeoJSON Polygon or MultiPolygon.
 * @returns {Coordinates}
 */
export const parts = (geometry) => (geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates);

/**
 * @param {Coordinates} coordinates
 * @param {[number, number]} from
 * @param {[number, number]} to
 * @returns {Coordinates} With every corner that stood at `from` at `to`.
 */
export const moved = (coordinates, from, to) =>
  coordinates.map((rings) => rings.map((ring) => ring.map((at) => (same(at, from) ? to : at))));

/** @param {[number, number]} a @param {[number, number]} b */
const same = (a, b) => Math.abs(a[0] - b[0]) < 1e-7 && Math.abs(a[1] - b[1]) < 1e-7;

export class Outline {
  /**
   * @param {L.Map} map
   * @param {Coordinates} coordinates
   * @param {L.PolylineOptions} style
   * @param {() => void} changed Called after each change.
   */
  constructor(map, coordinates, style, changed) {
    this.map = map;
    this.coordinates = coordinates;
    this.changed = changed;
    /** @type {Coordinates[]} What it was before each change. */
    this.before = [];
    /** @type {[number, number] | null} Where the corner stood that is being dragged. */
    this.from = null;
    this.layer = /** @type {any} */ (L.polygon(this.latLngs(), { ...style, interactive: false })).addTo(map);
    this.layer.on("pm:markerdragstart", (/** @type {any} */ event) => {
      const at = event.markerEvent.target.getLatLng();
      this.from = [at.lng, at.lat];
    });
    this.layer.on("pm:markerdragend", (/** @type {any} */ event) => {
      const at = event.markerEvent.target.getLatLng();
      // Rounded as what is drawn is: corners that meet are equal to the last digit.
      const to = /** @type {[number, number]} */ ([at.lng, at.lat].map((degrees) => Number(degrees.toFixed(DIGITS))));
      const from = this.from;
      this.take(from ? moved(this.drawn(), from, to) : this.drawn());
      this.from = null;
    });
    this.layer.on("pm:vertexremoved", () => this.take(this.drawn()));
    this.enable();
  }

  latLngs() {
    return L.GeoJSON.coordsToLatLngs(this.coordinates, 2);
  }

  /** @returns {Coordinates} As the library has it. */
  drawn() {
    return parts(this.layer.toGeoJSON(DIGITS).geometry);
  }

  enable() {
    this.layer.pm.enable({ draggable: false, removeLayerBelowMinVertexCount: false });
  }

  /** @param {Coordinates} coordinates What it is after a change. */
  take(coordinates) {
    this.before.push(this.coordinates);
    if (this.before.length > STEPS) this.before.shift();
    this.show(coordinates);
  }

  undo() {
    const before = this.before.pop();
    if (before) this.show(before);
  }

  /** @param {Coordinates} coordinates */
  show(coordinates) {
    const shown = JSON.stringify(this.drawn()) === JSON.stringify(coordinates);
    this.coordinates = coordinates;
    if (!shown) {
      this.layer.pm.disable();
      this.layer.setLatLngs(this.latLngs());
      this.enable();
    }
    this.changed();
  }

  geometry() {
    return { type: "MultiPolygon", coordinates: this.coordinates };
  }

  remove() {
    this.layer.pm.disable();
    this.layer.remove();
  }
}
