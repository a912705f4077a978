/* When all that a map shows at first is drawn: what may come after it waits, for a slow line brings the map first. */
import L from "../leaflet.js";

/**
 * @param {L.Map} map
 * @returns {Promise<void>} Once no layer of features loads, or the reader has moved on.
 */
export async function drawn(map) {
  let moved = false;
  map.once("movestart", () => {
    moved = true;
  });
  await null; // whoever asks first may be the first of the layers
  for (let layer = loading(map); layer && !moved; layer = loading(map)) await settled(layer, map);
}

/** @param {L.Map} map @returns {L.GridLayer | undefined} A layer that is not yet drawn; pictures do not count. */
function loading(map) {
  /** @type {L.GridLayer | undefined} */
  let found;
  map.eachLayer((layer) => {
    const tiles = layer instanceof L.GridLayer && !(layer instanceof L.TileLayer);
    if (tiles && layer.isLoading()) found = layer;
  });
  return found;
}

/** @param {L.GridLayer} layer @param {L.Map} map @returns {Promise<void>} */
const settled = (layer, map) =>
  new Promise((done) => {
    layer.once("load", () => done());
    layer.once("remove", () => done());
    map.once("movestart", () => done());
  });
