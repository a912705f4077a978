/* Finding a place: among those of a file, or by asking the service. */
import { byId, element } from "../dom.js";

/** @param {import("./maps.js").Maps} maps */
export function search(maps) {
  const { config, words } = maps;
  const [input, found] = [byId("gis-q"), byId("gis-found")];
  let turn = 0;
  /** @type {any} */
  let timer = null;
  const show = (/** @type {any[]} */ items) => {
    const lines = items.map((item) => element("button", { type: "button", onclick: () => maps.go(item) }, item.label));
    found.replaceChildren(...(lines.length ? lines : [words.none]).map((line) => element("li", {}, line)));
  };
  const look = async () => {
    const asked = input.value.trim();
    const mine = ++turn;
    if (!asked) {
      found.replaceChildren();
      return;
    }
    if (!config.search) {
      const small = asked.toLowerCase();
      const places = /** @type {any[]} */ (config.places || []);
      show(places.filter((place) => place.label.toLowerCase().includes(small)).slice(0, 10));
      return;
    }
    const answer = await fetch(config.search + encodeURIComponent(asked)).catch(() => null);
    const items = answer?.ok ? (await answer.json()).items : [];
    if (mine === turn) show(items.map(placeOf));
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 200);
  });
  byId("gis-search").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    look();
  });
}

/** @param {any} item Of /api/search or /api/clusters. */
function placeOf(item) {
  const bounds = item.bbox && [
    [item.bbox[1], item.bbox[0]],
    [item.bbox[3], item.bbox[2]],
  ];
  return {
    label: item.label,
    c: [item.lat, item.lon],
    zoom: item.what === "admin_area" ? 13 : 18,
    k: item.key,
    bounds,
  };
}
