/* The one global name of the scripts: what folium's script calls for each layer and for the legend. */
import { byId } from "./dom.js";
import { legend } from "./layers/legend.js";
import { made } from "./layers/stack.js";

/** @type {Record<string, any> | null} */
let page = null;

/** @returns {Record<string, any>} The page's own data (web_map/frame.py). */
export function config() {
  page ??= JSON.parse(byId("gis-config").textContent);
  return /** @type {Record<string, any>} */ (page);
}

/**
 * @param {string} name Of folium's variable.
 * @returns {any} The layer's description: beside it, or in the page's data.
 */
function description(name) {
  const alone = byId(name);
  if (alone) return JSON.parse(alone.textContent);
  return config().layers.find((/** @type {any} */ layer) => layer.at === name);
}

/** @type {Record<string, any>} */
export const gis = {
  /** @param {any} home The map, or a group on it. @param {string} name */
  layer: (home, name) => made(home, description(name)),
  legend,
};
