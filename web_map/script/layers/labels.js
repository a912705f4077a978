/* Names of all layers of a map on one canvas above them, so that none lies on another of any layer. */
import Point from "@mapbox/point-geometry";
import { CenteredTextSymbolizer, LineLabelSymbolizer, leafletLayer } from "protomaps-leaflet";

const FONT = '600 13px "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif';
const SMALL = FONT.replace("600 13px", "11px");
/* The library keeps the names of 16 tiles. A window shows more, and then each tile that is laid out puts out another,
   which is laid out again, for ever; no window shows as many as these. */
const TILES_MAX = 2000;
const INK = { fill: "#3a4653", stroke: "#ffffff" };

export class Labels {
  /** @param {L.Map} map */
  constructor(map) {
    this.map = map;
    /** @type {Set<import("./layer.js").FeatureLayer>} */
    this.layers = new Set();
    this.canvas = leafletLayer(
      /** @type {any} */ ({ pane: "gis-labels", sources: {}, attribution: "", maxZoom: 22, tileDelay: 0.01 }),
    );
    this.drawn = false;
  }

  /** @param {import("./layer.js").FeatureLayer} layer */
  add(layer) {
    if (!layer.spec.label || this.layers.has(layer)) return;
    this.layers.add(layer);
    layer.on("restyle", this.refresh, this);
    this.refresh();
  }

  /** @param {import("./layer.js").FeatureLayer} layer */
  remove(layer) {
    if (!this.layers.delete(layer)) return;
    layer.off("restyle", this.refresh, this);
    this.refresh();
  }

  refresh() {
    this.canvas.views.clear();
    this.canvas.labelRules = [];
    for (const layer of this.layers) {
      this.canvas.views.set(layer.spec.id, /** @type {any} */ (namesOf(layer)));
      this.canvas.labelRules.push(ruleOf(layer));
    }
    this.canvas.clearLayout();
    /** @type {any} */ (this.canvas).labelers.maxLabeledTiles = TILES_MAX;
    if (!this.layers.size) this.map.removeLayer(/** @type {any} */ (this.canvas));
    else if (this.map.hasLayer(/** @type {any} */ (this.canvas))) this.canvas.rerenderTiles();
    else this.map.addLayer(/** @type {any} */ (this.canvas));
  }
}

/**
 * @param {import("./layer.js").FeatureLayer} layer
 * @returns {{getDisplayTile: (tile: import("./source.js").Tile) => Promise<any>}} The layer's tiles where it has names;
 *   before that zoom it is asked for none.
 */
function namesOf({ spec, view }) {
  const from = Math.max(spec.labelFrom || 0, spec.minZoom || 0);
  const nothing = (/** @type {import("./source.js").Tile} */ tile) => {
    const [origin, dim] = [new Point(256 * tile.x, 256 * tile.y), 256];
    return { z: tile.z, origin, data: new Map(), scale: 1, dim, dataTile: tile };
  };
  return { getDisplayTile: async (tile) => (tile.z < from ? nothing(tile) : view.getDisplayTile(tile)) };
}

/** @param {import("./layer.js").FeatureLayer} layer */
function ruleOf(layer) {
  const { spec } = layer;
  const name = { labelProps: [spec.label ?? ""], font: spec.labelTail ? SMALL : FONT, ...INK };
  const lines = spec.tiles && spec.shape === "line";
  const symbolizer = lines
    ? new LineLabelSymbolizer({ ...name, width: 3, repeatDistance: 400 })
    : new CenteredTextSymbolizer({ ...name, width: 2, maxLineChars: 40 });
  return {
    dataSource: spec.id,
    dataLayer: lines ? layer.content : spec.tiles ? `labels-${layer.content}` : "labels",
    minzoom: spec.labelFrom || 0,
    symbolizer: /** @type {any} */ (symbolizer),
    filter: (/** @type {number} */ _zoom, /** @type {any} */ feature) => !layer.hides(feature.props),
  };
}
