/* The layers of features of one map: the topmost under a click answers, and their names share one canvas. */
import { element } from "../dom.js";
import L from "../leaflet.js";
import { wordsOf } from "../words.js";
import { POPUP, popup } from "./facts.js";
import { Labels } from "./labels.js";
import { FeatureLayer } from "./layer.js";
import { RasterLayer } from "./raster.js";

/** @type {WeakMap<L.Map, Stack>} */
const stacks = new WeakMap();

/** Pixels between a popup and the map's edge. */
const ROOM = 5;

export class Stack {
  /** @param {L.Map} map @returns {Stack} The one of this map. */
  static of(map) {
    const known = stacks.get(map) || new Stack(map);
    stacks.set(map, known);
    return known;
  }

  /** @param {L.Map} map */
  constructor(map) {
    this.map = map;
    /** @type {FeatureLayer[]} The lowest first. */
    this.layers = [];
    this.labels = new Labels(map);
    /** While something else takes the clicks. */
    this.quiet = false;
    /** @type {((properties: Record<string, any>) => void) | null} Told whose facts are asked for. */
    this.onAsk = null;
    map.on("click", (event) => this.click(event));
    map.on("popupopen", ({ popup: opened }) => {
      const key = /** @type {any} */ (opened)._source?.gisKey;
      if (key) this.onAsk?.({ k: key });
    });
    map.on("layeradd", (event) => event.layer instanceof FeatureLayer && this.met(event.layer));
    map.on("layerremove", (event) => event.layer instanceof FeatureLayer && this.labels.remove(event.layer));
  }

  /** @param {import("./layer.js").Spec} spec @returns {FeatureLayer} A further layer, above those that are there. */
  make(spec) {
    const layer = layerOf(spec);
    this.layers.push(layer);
    return layer;
  }

  /** @param {FeatureLayer} layer It came onto the map, by itself or with a group. */
  met(layer) {
    if (!this.layers.includes(layer)) this.layers.push(layer);
    layer.on("asked", this.asked, this);
    this.labels.add(layer);
  }

  /** @param {string} id @returns {FeatureLayer | undefined} */
  get(id) {
    return this.layers.find((layer) => layer.spec.id === id);
  }

  /** @param {L.LeafletMouseEvent} event */
  click(event) {
    if (this.quiet) return;
    for (const layer of [...this.layers].reverse()) {
      if (!this.map.hasLayer(layer)) continue;
      const feature = layer.pick(this.map, event.latlng);
      if (!feature) continue;
      if (feature.of?.f) this.told(layer.spec, feature.of, event.latlng);
      else if (layer.spec.ask) this.ask(layer.spec, feature.props, event.latlng);
      else continue;
      return;
    }
  }

  /** @param {any} event Of a layer whose mark was clicked. */
  asked({ target, feature }) {
    if (!this.quiet) this.told(target.spec, feature, feature.c);
  }

  /**
   * Show what is known of a feature that came with the page, by itself or by asking.
   *
   * @param {import("./layer.js").Spec} spec @param {import("./source.js").Feature} feature @param {any} at
   */
  told(spec, feature, at) {
    if (spec.ask) {
      this.ask(spec, { ...feature.p, k: feature.k }, at, feature.f?.rows);
      return;
    }
    this.onAsk?.({ k: feature.k });
    this.tell(at, popup(feature.f));
  }

  /** @param {L.LatLngExpression} at @param {HTMLElement} content */
  tell(at, content) {
    L.popup(POPUP()).setLatLng(at).setContent(content).openOn(this.map);
  }

  /**
   * As `tell`, of what was asked for: the map makes room at once, and does not move under who reads already.
   *
   * @param {L.LatLngExpression} at @param {HTMLElement} content
   */
  answer(at, content) {
    const opened = L.popup({ ...POPUP(), autoPan: false });
    opened.setLatLng(at).setContent(content).openOn(this.map);
    const box = /** @type {HTMLElement} */ (opened.getElement()).getBoundingClientRect();
    const frame = this.map.getContainer().getBoundingClientRect();
    const left = Math.min(0, box.left - frame.left - ROOM);
    const right = Math.max(0, box.right - frame.right + ROOM);
    this.map.panBy([left || right, Math.min(0, box.top - frame.top - ROOM)], { animate: false });
  }

  /**
   * Show what the service tells of a feature.
   *
   * @param {{ask?: string, key?: string, query?: string, lang?: string}} spec
   * @param {Record<string, any>} properties
   * @param {any} at
   * @param {[string, any][]} [more] What is told beside.
   */
  async ask(spec, properties, at, more = []) {
    if (this.quiet) return;
    const words = wordsOf(spec.lang).map;
    const key = properties[spec.key || "building_id"];
    this.onAsk?.(properties);
    // A far tile has one point a cell of houses.
    if (properties.houses) {
      this.map.setView(at, this.map.getZoom() + 2);
      return;
    }
    if (!spec.ask || !key) return;
    this.answer(at, element("p", {}, words.wait));
    try {
      const lang = document.documentElement.lang === "en" ? "&lang=en" : "";
      const address = spec.ask + encodeURIComponent(key) + (spec.query || "?") + lang;
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const facts = await answer.json();
      const { lat, lng } = L.latLng(at);
      // A phone hands the place to its own navigation program.
      const way = L.Browser.mobile ? [[words.navigate, `geo:${lat},${lng}`]] : [];
      const reasons = facts.reasons_text || facts.reasons;
      const rows = [...(facts.rows || []), ...more];
      this.answer(at, popup({ ...facts, rows, links: [...(facts.links || []), ...way], reasons }));
    } catch {
      this.answer(at, element("p", {}, words.failed));
    }
  }
}

/** @param {import("./layer.js").Spec} spec @returns {any} A layer of features, or of pictures. */
const layerOf = (spec) => (spec.raster ? new RasterLayer(spec) : new FeatureLayer(spec));

/**
 * @param {any} home A map, or a group that is, or will be, on one.
 * @param {import("./layer.js").Spec} spec
 * @returns {FeatureLayer}
 */
export function made(home, spec) {
  if (home instanceof L.Map) return Stack.of(home).make(spec);
  const layer = layerOf(spec);
  layer.on("add", () => layer.map && Stack.of(layer.map).met(layer));
  return layer;
}
