/* A page with a map begins: what every map has, and what this page has beside it. */
import { element } from "../dom.js";
import { config, gis } from "../gis.js";
import { send } from "../http.js";
import { counted, fill, joined, langQuery } from "../language.js";
import { popup } from "../layers/facts.js";
import { circles } from "./circles.js";
import { Maps } from "./maps.js";
import "./session.js";
import { tables } from "./tables.js";
import { Tools } from "./tools.js";

/**
 * @param {(maps: Maps) => void} [part] What this page has beside its map; called once layers and legend are there.
 */
export function start(part) {
  Object.assign(gis, { element, popup, send, fill, joined, counted, lang: langQuery });
  /** Called once folium's script has made the map and its layers. @param {any} map */
  gis.start = (map) => {
    const maps = new Maps(map, config());
    gis.maps = maps;
    part?.(maps);
    gis.tools = new Tools(maps);
    circles(maps);
    tables(maps);
    window.dispatchEvent(new Event("gis-ready"));
    document.body.dataset.ready = "true";
  };
  /** @type {any} */ (globalThis).gis = gis;
}
