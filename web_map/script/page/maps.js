/* A page with a map: layers and their legend, the list, the search, from one configuration. */
import { byId, element } from "../dom.js";
import { language } from "../language.js";
import { entryOf, fillKeys } from "../layers/legend.js";
import { Stack } from "../layers/stack.js";
import L from "../leaflet.js";
import { wordsOf } from "../words.js";
import { search } from "./search.js";

/** Zoom to which a place of a list is brought near. */
const NEAR = 18;

export class Maps {
  /** @param {L.Map} map @param {any} config What web_map/frame.py wrote into the page. */
  constructor(map, config) {
    this.map = map;
    this.config = config;
    this.words = wordsOf(config.lang).map;
    this.stack = Stack.of(map);
    /** @type {Map<string, ReturnType<typeof entryOf>>} The line of the legend of each layer. */
    this.entries = new Map();
    this.status = element("p", { class: "gis-unseen", id: "gis-incomplete", role: "status" });
    map.getContainer().after(this.status);
    L.control.zoom({ position: "topleft" }).addTo(map);
    L.control.scale({ imperial: false, maxWidth: 160 }).addTo(map);
    map.attributionControl.setPrefix(false);
    if (config.attribution) this.credit(config.attribution);
    this.place();
    if (config.background) this.background(config.background);
    // A layer of tiles measures the page as it comes: lines of the legend in between would have it laid out each time.
    for (const layer of this.stack.layers) if (layer.spec.shown !== false) layer.addTo(map);
    for (const layer of this.stack.layers) this.list(layer);
    this.items();
    search(this);
    this.fold();
  }

  /** @param {string} text Whose the data are; shown as text. */
  credit(text) {
    this.map.attributionControl.addAttribution(element("span", {}, text).outerHTML);
  }

  /** #map=zoom/latitude/longitude: a view that can be sent to a colleague. */
  place() {
    this.map.fitBounds(this.config.bounds, { animate: false });
    const asked = /^#map=([\d.]+)\/(-?[\d.]+)\/(-?[\d.]+)$/.exec(location.hash);
    if (asked) this.map.setView([Number(asked[2]), Number(asked[3])], Number(asked[1]), { animate: false });
    this.map.on("moveend", () => {
      if (/^#(?!map=)./.test(location.hash)) return; // a place on the page was asked for
      const c = this.map.getCenter();
      history.replaceState(null, "", `#map=${this.map.getZoom()}/${c.lat.toFixed(5)}/${c.lng.toFixed(5)}`);
    });
  }

  /** @param {import("../layers/layer.js").FeatureLayer} layer Its line comes into the legend. */
  list(layer) {
    const line = entryOf(layer, this.map);
    this.entries.set(layer.spec.id, line);
    byId("gis-legend").append(line.entry);
    layer.on("capped", () => this.capped());
  }

  /** @param {import("../layers/layer.js").Spec} spec A further layer, above those that are there. */
  add(spec) {
    const layer = this.stack.make(spec);
    if (spec.shown !== false) layer.addTo(this.map);
    this.list(layer);
    return layer;
  }

  /** @param {string} id @returns {any} */
  layer(id) {
    return this.stack.get(id);
  }

  /** Houses in another colour, with the legend of it. @param {string} id @param {any} choice */
  recolour(id, choice) {
    const entry = this.entries.get(id);
    if (entry) fillKeys(this.layer(id), entry.keys, choice.keys);
    this.layer(id).recolour(choice.style);
  }

  /** Under everything, pale, so that it never outshouts the work; the credit as text. @param {any} spec */
  background(spec) {
    this.map.createPane("gis-background").style.zIndex = "150";
    const options = { pane: "gis-background", opacity: 0.6, maxZoom: 22, maxNativeZoom: 18 };
    const layer = L.tileLayer(spec.tiles, options).addTo(this.map);
    if (spec.credit) this.credit(spec.credit);
    const onchange = (/** @type {any} */ event) => {
      if (event.target.checked) layer.addTo(this.map);
      else layer.remove();
    };
    const box = element("input", { type: "checkbox", checked: true, onchange });
    const label = element("label", {}, box, ` ${this.words.background}`);
    byId("gis-legend").append(element("div", { class: "gis-layer" }, label));
  }

  /** Which layers leave something out: in the legend, and read out, for who does not see the square. */
  capped() {
    const names = [];
    for (const layer of this.stack.layers) {
      const line = this.entries.get(layer.spec.id);
      if (line) line.incomplete.textContent = layer.hatched.size ? this.words.cappedHere : "";
      if (layer.hatched.size) names.push(layer.spec.name);
    }
    const said = names.length ? names.join(this.words.and) + this.words.colon + this.words.cappedHere : "";
    if (this.status.textContent !== said) this.status.textContent = said;
  }

  items() {
    const items = this.config.list || [];
    if (!items.length) return;
    const ordered = element("ol");
    for (const item of items) {
      const button = element(
        "button",
        { type: "button", onclick: () => this.go(item) },
        element("span", { class: "score" }, String(item.score ?? "")),
        element("span", { class: "rank" }, String(item.rank ?? "")),
        item.label,
        element("span", { class: "why", title: item.why }, item.why || ""),
      );
      ordered.append(element("li", {}, button));
    }
    const title = this.config.listTitle || this.words.list.replace("{n}", items.length);
    byId("gis-list").append(element("h2", {}, title), ordered);
  }

  /**
   * Bring a place near and tell what is known of it.
   *
   * @param {{bounds?: any, c?: any, zoom?: number, k?: string, ask?: string}} item
   */
  go(item) {
    if (item.bounds) {
      this.map.fitBounds(item.bounds, { maxZoom: 19 });
      return;
    }
    this.map.setView(item.c, Math.max(this.map.getZoom(), item.zoom || NEAR));
    const known = item.k ? this.find(item.k) : undefined;
    if (known?.feature.f) this.stack.told(known.layer.spec, known.feature, item.c);
    else if (item.ask) this.stack.ask({ ask: item.ask, key: "k" }, { k: item.k }, item.c);
  }

  /**
   * @param {string} key
   * @returns {{layer: import("../layers/layer.js").FeatureLayer, feature: import("../layers/source.js").Feature}
   *   | undefined} Of the topmost layer that has it.
   */
  find(key) {
    for (const layer of [...this.stack.layers].reverse()) {
      const feature = layer.features.find((one) => one.k === key);
      if (feature) return { layer, feature };
    }
    return undefined;
  }

  fold() {
    const [button, panel] = [byId("gis-fold"), byId("gis-panel")];
    button.addEventListener("click", () => {
      const folded = panel.classList.toggle("folded");
      button.textContent = folded ? this.words.unfold : this.words.fold;
      button.setAttribute("aria-expanded", String(!folded));
      this.map.invalidateSize();
    });
  }

  /** @returns {boolean} Whether the page is in Chinese. */
  get zh() {
    return language() === "zh";
  }
}
