/* A layer of pictures under all features: tiles of the service, or one picture that came with the page. */
import L from "../leaflet.js";
import { drawn } from "./drawn.js";

/** Under the features (from 400 on), above a background map (150). */
const PANE = "gis-raster";
const LEVEL = "160";

/** Tiles that let go first whatever else the page asks for. */
class QuietTiles extends L.TileLayer {
  /** @param {L.Coords} coords @param {L.DoneCallback} done */
  createTile(coords, done) {
    const tile = /** @type {HTMLImageElement} */ (super.createTile(coords, done));
    tile.fetchPriority = "low";
    return tile;
  }
}

export class RasterLayer extends L.LayerGroup {
  /** @param {import("./layer.js").Spec} spec */
  constructor(spec) {
    super();
    this.spec = spec;
    /** @type {any} */
    this.picture = null;
    /** Whether tiles are not asked for yet: features are what people come for, and come first. */
    this.waits = false;
    /** As layers of features have them. @type {import("./source.js").Feature[]} */
    this.features = [];
    this.hatched = new Map();
    this.switchedOff = new Set();
  }

  /** @param {L.Map} map */
  onAdd(map) {
    if (!map.getPane(PANE)) {
      const { style } = map.createPane(PANE);
      // On a background map shadows are laid over it; where there is none the picture has the colour of the ground.
      Object.assign(style, { zIndex: LEVEL, mixBlendMode: "multiply" });
    }
    const { image, tiles = "", bounds, minZoom = 0, nativeZoom = 0 } = this.spec;
    // A tile is shown at twice its size: what is faint need not be fine, and a slow line brings a quarter.
    const half = { tileSize: 512, zoomOffset: -1, minZoom: minZoom + 1, maxNativeZoom: nativeZoom + 1 };
    const options = { pane: PANE, bounds, maxZoom: 22, ...half };
    this.picture ??= image ? L.imageOverlay(image, bounds, { pane: PANE }) : new QuietTiles(tiles, options);
    super.onAdd(map);
    if (image) this.addLayer(this.picture);
    else this.after(map);
    return this;
  }

  /** @param {L.Map} map */
  async after(map) {
    this.waits = true;
    await drawn(map);
    this.waits = false;
    this.addLayer(this.picture);
  }

  get map() {
    return this._map ?? null;
  }

  /* Nothing of it is asked for by a click. */
  pick() {
    return undefined;
  }

  isLoading() {
    return this.waits || Boolean(this.picture instanceof L.GridLayer && this.picture.isLoading());
  }
}
