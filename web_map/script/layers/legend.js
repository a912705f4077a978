/* A layer's line of the legend: shown or not, its classes, each of which can be switched off. */
import { element } from "../dom.js";
import L from "../leaflet.js";
import { wordsOf } from "../words.js";
import { Stack } from "./stack.js";

/**
 * @param {import("./layer.js").FeatureLayer} layer
 * @param {L.Map} map
 * @returns {{entry: HTMLElement, box: HTMLInputElement, keys: HTMLElement, incomplete: HTMLElement}}
 */
export function entryOf(layer, map) {
  const { spec } = layer;
  const onchange = (/** @type {any} */ event) => {
    if (event.target.checked) layer.addTo(map);
    else layer.remove();
  };
  const box = element("input", { type: "checkbox", checked: map.hasLayer(layer), "data-layer": spec.id, onchange });
  const keys = element("div", { class: "gis-keys" });
  fillKeys(layer, keys, spec.keys || []);
  const incomplete = element("p", { class: "gis-note gis-incomplete" });
  const label = element("label", {}, box, ` ${spec.name}`);
  const entry = element("div", { class: "gis-layer", id: `gis-layer-${spec.id}` }, label, keys, incomplete);
  return { entry, box, keys, incomplete };
}

/**
 * @param {import("./layer.js").FeatureLayer} layer
 * @param {HTMLElement} box
 * @param {import("./layer.js").Key[]} keys
 */
export function fillKeys(layer, box, keys) {
  layer.switchedOff.clear();
  box.replaceChildren(...keys.map((key) => keyOf(layer, key)));
}

/** @param {import("./layer.js").FeatureLayer} layer @param {import("./layer.js").Key} key */
function keyOf(layer, key) {
  const { style } = key;
  const css = {
    borderColor: style.color,
    backgroundColor: style.fillColor ? faded(style.fillColor, style.fillOpacity) : "transparent",
    borderStyle: style.dashArray ? "dashed" : "solid",
    color: key.ink || "#fff",
  };
  const shape = key.shape || layer.spec.shape || "";
  const swatch = element("span", { class: `gis-swatch ${shape}`, "aria-hidden": "true", style: css }, key.mark || "");
  if (key.of === undefined) return element("span", { class: "gis-key" }, swatch, key.name);
  const onclick = (/** @type {any} */ { currentTarget }) => {
    if (!layer.switchedOff.delete(key.of)) layer.switchedOff.add(key.of);
    currentTarget.setAttribute("aria-pressed", String(!layer.switchedOff.has(key.of)));
    layer.restyle();
  };
  const title = wordsOf(layer.spec.lang).map.toggle;
  return element(
    "button",
    { type: "button", class: "gis-key", "aria-pressed": "true", title, onclick },
    swatch,
    key.name,
  );
}

/** @param {string} color @param {number} [opacity] @returns {string} `#rrggbb` with its opacity as a fourth byte. */
export function faded(color, opacity) {
  const byte = Math.round(255 * (opacity ?? 1))
    .toString(16)
    .padStart(2, "0");
  return color.length === 7 ? color + byte : color;
}

/**
 * A legend of all layers of a map in one of its corners: a notebook's, where no page has a panel for it.
 *
 * @param {L.Map} map
 * @param {{title: string, position: L.ControlPosition}} options
 */
export function legend(map, { title, position }) {
  const control = new L.Control({ position });
  control.onAdd = () => {
    const box = element("div", { class: "gis-legend leaflet-bar" }, element("strong", {}, title));
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    // Once folium's script has made all layers, whichever came first.
    queueMicrotask(() => {
      for (const layer of Stack.of(map).layers) {
        const { entry, box: check } = entryOf(layer, map);
        layer.on("add remove", () => {
          check.checked = map.hasLayer(layer);
        });
        box.append(entry);
      }
    });
    return box;
  };
  return control.addTo(map);
}
