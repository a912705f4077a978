/* Houses in another colour. */
import { element } from "../dom.js";

/** @param {import("./fire.js").Context} context */
export function colours({ maps, words }) {
  for (const { spec } of maps.stack.layers) {
    const choices = spec.colourings;
    if (!choices) continue;
    const options = choices.map((choice, k) => element("option", { value: k }, choice.name));
    const select = element("select", { id: `gis-colour-${spec.id}` }, ...options);
    select.addEventListener("change", () => maps.recolour(spec.id, choices[Number(select.value)]));
    maps.entries.get(spec.id)?.keys.before(element("label", { class: "gis-choose" }, words.by, select));
  }
}
