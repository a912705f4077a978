/* Leaflet as folium loads it: one copy a page, under the name that folium's own script calls. */
export default /** @type {typeof import("leaflet")} */ (/** @type {any} */ (globalThis).L);
