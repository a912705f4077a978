/* Marks of a layer: a character in a circle, reached by keyboard, at the places of its inline features. */
import { element } from "../dom.js";
import L from "../leaflet.js";
import { POPUP, popup } from "./facts.js";

/** Pixels of a mark's side. */
const SIZE = 20;

/**
 * @param {import("./layer.js").FeatureLayer} layer
 * @returns {L.LayerGroup} Its marks: every one from `nearZoom` on, or, of a layer that is thinned, at every zoom those
 *   that find room.
 */
export function marksOf(layer) {
  const { spec } = layer;
  const group = new L.LayerGroup();
  /** @type {L.Map | null} */
  let map = null;
  const draw = () => {
    if (!map) return;
    group.clearLayers();
    const shown = layer.visible().filter((feature) => feature.c && spec.mark?.[feature.p.kind]);
    if (spec.thin) {
      for (const { feature, hidden } of thinned(shown, map)) group.addLayer(mark(layer, feature, hidden));
    } else if (!spec.farRadius || map.getZoom() >= (spec.nearZoom || 15)) {
      for (const feature of shown) group.addLayer(mark(layer, feature, 0));
    }
  };
  group.on("add", () => {
    map = layer.map;
    map?.on("zoomend", draw);
    draw();
  });
  group.on("remove", () => {
    map?.off("zoomend", draw);
    map = null;
  });
  group.on("restyle", draw);
  return group;
}

/**
 * None on another: one stands for its neighbours and says how many it hides. The features come with the most urgent
 * first, so it is a less urgent one that is hidden.
 *
 * @param {import("./source.js").Feature[]} features
 * @param {L.Map} map
 */
function thinned(features, map) {
  const room = SIZE - 1;
  /** @type {Map<string, {at: L.Point, feature: import("./source.js").Feature, hidden: number}>} */
  const cells = new Map();
  for (const feature of features) {
    const at = map.project(/** @type {any} */ (feature.c));
    const [x, y] = [Math.floor(at.x / room), Math.floor(at.y / room)];
    let near;
    for (let i = x - 1; i <= x + 1 && !near; i++) {
      for (let j = y - 1; j <= y + 1 && !near; j++) {
        const there = cells.get(`${i}/${j}`);
        if (there && there.at.distanceTo(at) < room) near = there;
      }
    }
    if (near) near.hidden += 1;
    else cells.set(`${x}/${y}`, { at, feature, hidden: 0 });
  }
  return cells.values();
}

/**
 * @param {import("./layer.js").FeatureLayer} layer
 * @param {import("./source.js").Feature} feature
 * @param {number} hidden How many others it stands for.
 */
function mark(layer, feature, hidden) {
  const { spec } = layer;
  const one = spec.mark?.[feature.p.kind];
  const style = { background: one.color, color: one.ink || "#fff" };
  const html = element("div", { class: "gis-zone", style }, one.mark, hidden ? element("sup", {}, `+${hidden}`) : null);
  const name = feature.f?.title ?? (spec.ask && feature.k ? feature.k : one.mark);
  const title = name + (hidden ? ` +${hidden}` : "");
  const icon = L.divIcon({ className: "", iconSize: [SIZE, SIZE], html });
  const marker = L.marker(/** @type {any} */ (feature.c), { icon, keyboard: true, title, alt: title });
  if (spec.ask) {
    const asked = () => layer.fire("asked", { feature });
    marker.on("click", asked);
    return marker.on("keypress", ({ originalEvent }) => originalEvent.key === "Enter" && asked());
  }
  /** @type {any} */ (marker).gisKey = feature.k;
  return feature.f ? marker.bindPopup(() => popup(feature.f), POPUP()) : marker;
}
