/* Patrol and staging points: computed when first asked for. */
import { element } from "../dom.js";
import { language } from "../language.js";

/** @param {import("./fire.js").Context} context */
export function patrol({ maps, fire, words, section }) {
  if (!fire.work && !fire.summary) return;
  const box = section("gis-patrol", words.patrol);
  if (!fire.work) {
    box.append(element("p", {}, fire.summary)); // a file has the route among its layers
    return;
  }
  const said = element("p", { "aria-live": "polite" }, words.routing);
  box.append(said);
  fetch(fire.work + (language() === "en" ? "&lang=en" : ""))
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
    .then((work) => {
      for (const spec of fire.workLayers) maps.add({ ...spec, features: featuresOf(work, spec.id) });
      const check = maps.entries.get("patrol")?.box;
      if (!check) return;
      const attributes = { type: "button", id: "gis-show-patrol", "aria-pressed": String(check.checked) };
      const button = element("button", attributes, words.showRoute);
      button.addEventListener("click", () => check.click());
      check.addEventListener("change", () => button.setAttribute("aria-pressed", String(check.checked)));
      box.append(button);
      said.textContent = work.summary;
    })
    .catch(() => {
      said.textContent = maps.words.failed;
    });
}

/**
 * @param {any} work GeoJSON of the service.
 * @param {string} layer `patrol` for the steps of the way; else the staging points.
 */
function featuresOf(work, layer) {
  const turned = ([x, y] = [0, 0]) => [y, x];
  const wanted = layer === "patrol" ? "step" : "staging";
  return work.features
    .filter((/** @type {any} */ f) => f.properties.what === wanted)
    .map((/** @type {any} */ { properties: p, geometry }) => {
      const facts = { p: { kind: p.kind || p.mark, mark: p.mark }, f: { title: p.title, rows: p.rows } };
      if (layer === "patrol") return { g: geometry.coordinates.map(turned), ...facts };
      return { g: turned(geometry.coordinates), c: turned(geometry.coordinates), ...facts };
    });
}
