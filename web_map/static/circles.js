/* Circles on a county's map, as large as a number of each township; which number is the reader's choice. */
"use strict";
(function () {
  function element(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "style") Object.assign(node.style, value); else node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  window.addEventListener("gis-ready", () => {
    const { map, config } = window.gis.maps, spec = config.circles;
    if (!spec) return;
    const group = L.layerGroup().addTo(map);
    const choice = element("select", { id: "gis-measure" });
    for (const measure of spec.measures) choice.append(element("option", { value: measure.id }, measure.name));
    const draw = () => {
      const measure = spec.measures.find((m) => m.id === choice.value);
      const most = Math.max(1, ...spec.places.map((p) => p.values[measure.id]));
      group.clearLayers();
      for (const place of spec.places) {
        const value = place.values[measure.id];
        if (!value) continue;
        const size = Math.round(22 + 50 * Math.sqrt(value / most));
        const html = element("div", { class: "gis-circle", style: { background: measure.color, width: size + "px", height: size + "px", lineHeight: size + "px" } },
          value.toLocaleString("en"), element("span", {}, place.name));
        const icon = L.divIcon({ className: "", iconSize: [size, size], html });
        const title = `${place.name} ${measure.name} ${value.toLocaleString("en")}`;
        L.marker(place.c, { icon, title, alt: title }).on("click", () => location.assign(place.href)).addTo(group);
      }
    };
    choice.addEventListener("change", draw);
    document.getElementById("gis-legend").prepend(element("p", { class: "gis-choice" }, element("label", { for: "gis-measure" }, spec.label + " "), choice));
    draw();
  });
})();
