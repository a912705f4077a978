/* A layer of features on a Leaflet map, whatever brought them: drawn by protomaps-leaflet on one canvas a tile, with
   marks that can be reached by keyboard, and a hatching over squares that could not take all that lies in them. */
import Point from "@mapbox/point-geometry";
import { leafletLayer, pointMinDistToPoints, TileCache, View } from "protomaps-leaflet";
import { element } from "../dom.js";
import L from "../leaflet.js";
import { wordsOf } from "../words.js";
import { marksOf } from "./marks.js";
import { spelled, unpack } from "./packed.js";
import { InlineSource, TiledSource } from "./source.js";
import { classOf, farStyle, styleOf } from "./style.js";
import { PathSymbolizer, POINT } from "./symbol.js";

/**
 * @typedef {import("./style.js").Style} Style
 * @typedef {import("./style.js").Rule} Rule
 * @typedef {import("./source.js").Feature} Feature
 * @typedef {{name: string, style: Style, shape?: string, mark?: string, ink?: string, of?: string}} Key  A line of the
 *   legend; `of` names the class that it shows and hides.
 * @typedef {{
 *   id: string, name: string, style: Rule, keys?: Key[], shape?: string, shown?: boolean, lang?: string,
 *   features?: Feature[], steps?: number, packed?: any, words?: any, tiles?: string, source?: string,
 *   key?: string, ask?: string, query?: string, minZoom?: number, width?: string,
 *   label?: string, labelFrom?: number, labelTail?: number, mark?: Record<string, any>, thin?: boolean,
 *   farRadius?: number, farWeight?: number, farStyle?: Style, nearZoom?: number,
 *   raster?: boolean, image?: string, bounds?: any, nativeZoom?: number,
 *   colourings?: {name: string, style: Rule, keys: Key[]}[],
 * }} Spec  As web_map/layers/base.py makes it.
 */

/** Pixels round a click within which a line counts as hit; a finger is broader. */
const BRUSH = L.Browser?.mobile ? 10 : 3;
/** Pixels round a click within which a dot is looked for. */
const LARGEST_DOT = 40;
const DEEPEST_ZOOM = 22;

export class FeatureLayer extends L.LayerGroup {
  /** @param {Spec} spec */
  constructor(spec) {
    super();
    this.spec = spec;
    this.words = wordsOf(spec.lang).map;
    /** @type {Rule} */
    this.rule = spec.style;
    /** Classes that the reader has switched off in the legend. */
    this.switchedOff = new Set();
    /** What is wider is not drawn, in layers whose features have a width. */
    this.widest = Infinity;
    this.features = featuresOf(spec);
    const { source, view } = spec.tiles ? tiledOf(spec.tiles) : inlineOf(spec, this.features);
    this.source = source;
    this.view = view;
    if (spec.label && source instanceof TiledSource) {
      source.named.set(this.content, { label: spec.label, tail: spec.labelTail ?? 0 });
    }
    this.hatched = new Map();
  }

  /** @returns {L.Map | null} The map on which it is. */
  get map() {
    return this._map ?? null;
  }

  /** The layer of a tile in which its features are. */
  get content() {
    return this.spec.tiles ? this.spec.source || this.spec.id : "features";
  }

  /** @param {L.Map} map */
  onAdd(map) {
    const pane = `gis-${this.spec.id}`;
    if (!map.getPane(pane)) map.createPane(pane).style.zIndex = String(400 + nextOf(map));
    this.canvas = leafletLayer(
      /** @type {any} */ ({
        pane,
        sources: {},
        attribution: "",
        minZoom: this.spec.minZoom || 0,
        bounds: this.spec.bounds,
        maxZoom: DEEPEST_ZOOM,
        tileDelay: 0.01,
        paintRules: [{ dataLayer: this.content, symbolizer: new PathSymbolizer((feature) => this.look(feature)) }],
        labelRules: [],
      }),
    );
    this.canvas.views.set("", this.view);
    spareEmpty(this.canvas, this.view, this.content);
    this.canvas.on("tileload", this.hatch, this).on("tileunload", this.unhatch, this);
    this.addLayer(/** @type {any} */ (this.canvas));
    if (this.spec.mark && !this.marks) {
      this.marks = marksOf(this);
      this.addLayer(this.marks);
    }
    super.onAdd(map);
    return this;
  }

  /** @param {L.Map} map */
  onRemove(map) {
    super.onRemove(map);
    if (this.canvas) this.removeLayer(/** @type {any} */ (this.canvas));
    this.canvas = null;
    return this;
  }

  isLoading() {
    return Boolean(this.canvas?.isLoading());
  }

  /** @param {Record<string, any>} properties */
  hides(properties) {
    if (this.spec.width && Number(properties[this.spec.width]) > this.widest) return true;
    return this.switchedOff.size > 0 && this.switchedOff.has(classOf(this.rule, properties));
  }

  /**
   * @param {any} feature Of a tile.
   * @returns {Style | null} Its style as things stand: by the layer's rule or the one chosen; null where it is hidden.
   */
  look(feature) {
    const properties = feature.props;
    if (this.hides(properties)) return null;
    const style = styleOf(this.rule, properties);
    const far = feature.far || (feature.geomType === POINT && (properties.houses || properties.size));
    return far ? farStyle(style, properties, this.spec) : style;
  }

  /** Inline features that are drawn as things stand. */
  visible() {
    return this.features.filter((feature) => !this.hides(feature.p));
  }

  restyle() {
    this.canvas?.rerenderTiles();
    this.marks?.fire("restyle");
    this.fire("restyle");
  }

  /** @param {Rule} rule */
  recolour(rule) {
    this.rule = rule;
    this.switchedOff.clear();
    this.restyle();
  }

  /**
   * @param {L.Map} map
   * @param {L.LatLng} at
   * @returns {any} The feature of a tile that is drawn there, of dots the nearest, or undefined.
   */
  pick(map, at) {
    if (!this.canvas) return undefined;
    const zoom = map.getZoom();
    const found = (/** @type {number} */ brush, /** @type {boolean} */ dots) =>
      this.view
        .queryFeatures(at.lng, at.lat, zoom, brush)
        .filter(({ layerName }) => layerName === this.content)
        .map(({ feature }) => feature)
        .filter((feature) => (feature.geomType === POINT) === dots && this.look(feature));
    const size = this.view.tileCache.tileSize;
    const pixel = map.project(at, Math.round(zoom));
    const here = new Point(pixel.x % size, pixel.y % size);
    const dots = found(LARGEST_DOT, true)
      .map((feature) => ({ feature, far: pointMinDistToPoints(here, feature.geom) }))
      .filter(({ feature, far }) => far <= (this.look(feature)?.radius ?? 4) + BRUSH)
      .sort((a, b) => a.far - b.far);
    return dots[0]?.feature ?? found(BRUSH, false).at(-1);
  }

  /** Says over a square that it does not show all. @param {any} event */
  hatch({ coords }) {
    const key = `${coords.z}/${coords.x}/${coords.y}`;
    if (!this.source.isCapped(this.content, coords) || this.hatched.has(key) || !this.canvas) return;
    const said = element("span", {}, this.words.capped);
    const icon = L.divIcon({ className: "gis-capped", iconSize: [256, 256], iconAnchor: [0, 0], html: said });
    const corner = this.canvas._tileCoordsToBounds(coords).getNorthWest();
    const options = { icon, interactive: false, keyboard: false, pane: "gis-labels" };
    this.hatched.set(key, L.marker(corner, options).addTo(this._map));
    this.fire("capped");
  }

  /** @param {any} event */
  unhatch({ coords }) {
    const key = `${coords.z}/${coords.x}/${coords.y}`;
    this.hatched.get(key)?.remove();
    if (this.hatched.delete(key)) this.fire("capped");
  }
}

/**
 * Let a tile with nothing in it have no pixels: they would be filled, and put together with all others, for nothing.
 *
 * @param {any} canvas Of the library; @param {View} view @param {string} content
 */
function spareEmpty(canvas, view, content) {
  const render = canvas.renderTile.bind(canvas);
  /** @param {L.Coords} coords @param {any} element @param {string} key @param {() => void} [done] */
  canvas.renderTile = async (coords, element, key, done) => {
    const tile = await view.getDisplayTile(coords).catch(() => null); // the library tells of what failed
    if (!tile || tile.data.get(content)?.length) return render(coords, element, key, done);
    if (element.key !== key) return;
    element.width = 0;
    done?.();
  };
}

/** @param {any} source */
const viewOf = (source) => ({ source, view: new View(new TileCache(source, 256), DEEPEST_ZOOM, 0) });

/** @type {Map<string, {source: TiledSource, view: View}>} */
const tiled = new Map();

/** @param {string} address @returns {{source: TiledSource, view: View}} The one of all layers that its tiles hold. */
function tiledOf(address) {
  const found = tiled.get(address) ?? viewOf(new TiledSource(address));
  tiled.set(address, found);
  return found;
}

/** @param {Spec} spec @param {Feature[]} features @returns {{source: InlineSource, view: View}} */
function inlineOf(spec, features) {
  const nearZoom = spec.farRadius ? spec.nearZoom || 15 : 0;
  return viewOf(new InlineSource(features, { line: spec.shape === "line", nearZoom }));
}

/** @param {Spec} spec @returns {Feature[]} Those that came with the page. */
function featuresOf({ packed, words, features = [], steps }) {
  if (packed) return unpack(packed, words);
  return steps ? spelled(features, steps) : features;
}

/** @type {WeakMap<L.Map, number>} */
const panes = new WeakMap();

/** @param {L.Map} map @returns {number} How many panes of layers it had before: later layers lie above earlier ones. */
function nextOf(map) {
  const n = panes.get(map) || 0;
  panes.set(map, n + 1);
  if (!map.getPane("gis-labels")) {
    const pane = map.createPane("gis-labels");
    pane.style.zIndex = "640";
    pane.style.pointerEvents = "none";
  }
  return n;
}
