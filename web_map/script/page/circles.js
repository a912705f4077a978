/* Circles on a county's map, as large as a number of each township; which number is the reader's choice where there is
   more than one. With a zoom given they stand up to it, in place of the houses, which would be specks there. */

import { byId, element } from "../dom.js";
import { whole } from "../language.js";
import L from "../leaflet.js";

/** @param {import("./maps.js").Maps} maps */
export function circles(maps) {
  const { map, config } = maps;
  const spec = config.circles;
  if (!spec) return;
  const group = L.layerGroup();
  const choice = element("select", { id: "gis-measure" });
  for (const measure of spec.measures) choice.append(element("option", { value: measure.id }, measure.name));
  const draw = () => {
    const measure = spec.measures.find((/** @type {any} */ m) => m.id === choice.value);
    const most = Math.max(1, ...spec.places.map((/** @type {any} */ p) => p.values[measure.id]));
    // On a phone the whole county is a hand's breadth: smaller circles, and names where there is room.
    const scale = Math.max(0.45, Math.min(1, map.getSize().x / 700, map.getSize().y / 500));
    group.clearLayers();
    for (const place of spec.places) {
      const value = place.values[measure.id];
      if (!value) continue;
      const size = Math.round((22 + 50 * Math.sqrt(value / most)) * scale);
      const style = {
        background: measure.color,
        width: `${size}px`,
        height: `${size}px`,
        lineHeight: `${size}px`,
        fontSize: scale < 0.7 ? ".68rem" : null,
      };
      const html = element(
        "div",
        { class: "gis-circle", style },
        whole(value),
        scale < 0.7 ? null : element("span", {}, place.name),
      );
      const icon = L.divIcon({ className: "", iconSize: [size, size], html });
      const title = `${place.name} ${measure.name} ${whole(value)}`;
      const go = () => (place.href ? location.assign(place.href) : map.setView(place.c, spec.below));
      L.marker(place.c, { icon, title, alt: title }).on("click", go).addTo(group);
    }
  };
  choice.addEventListener("change", draw);
  const label =
    spec.measures.length > 1 ? [element("label", { for: "gis-measure" }, `${spec.label} `), choice] : [spec.label];
  byId("gis-legend").prepend(element("p", { class: "gis-choice" }, ...label));
  const shown = () => {
    if (spec.below && map.getZoom() >= spec.below) group.remove();
    else group.addTo(map);
  };
  map.on("zoomend", shown);
  map.on("resize", draw);
  shown();
  draw();
}
