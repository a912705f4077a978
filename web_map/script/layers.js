/* Layers and legend for any folium map, a notebook's too: what web_map/layers/base.py calls. */
import { gis } from "./gis.js";

/** @type {any} */ (globalThis).gis = gis;
