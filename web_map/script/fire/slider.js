/* Width: what is at most so wide, summed up in the browser from widths that came once. */
import { element } from "../dom.js";
import { fill, whole } from "../language.js";
import { drawn } from "../layers/drawn.js";

/**
 * @typedef {{gaps: number, metres: number, houses: number, byClass: Record<string, number>}} Sum
 * @typedef {(width: number) => Sum} Summing  What is at most `width` metres wide.
 */

/** @param {import("./fire.js").Context} context */
export function slider({ maps, fire, words, section }) {
  if (!fire.widths && !fire.gaps) return;
  const box = section("gis-width", words.width);
  const shown = element("output", { for: "gis-width-m" });
  const widest = fire.widest_m;
  const range = { type: "range", min: 0.3, max: widest, step: 0.1, value: widest };
  const input = element("input", { id: "gis-width-m", ...range, "aria-describedby": "gis-width-said" });
  const said = element("div", { id: "gis-width-said", "aria-live": "polite" });
  box.append(element("label", { for: "gis-width-m" }, words.upTo, shown), input, said);
  /** @type {Summing | null} */
  let sum = null;
  const turn = () => {
    const width = Number(input.value);
    shown.textContent = `${width.toFixed(1)} m`;
    input.setAttribute("aria-valuetext", `${width.toFixed(1)} m`);
    for (const layer of maps.stack.layers) {
      if (!layer.spec.width) continue;
      // So much more is still as wide, as for the classes.
      const most = width >= widest ? Infinity : width + fire.half_m;
      if (layer.widest === most) continue;
      layer.widest = most;
      layer.restyle();
    }
    if (sum) tell(said, sum(width), fire.classes, words);
  };
  input.addEventListener("input", turn);
  if (fire.gaps) sum = ofGaps(fire.gaps, fire.half_m);
  else {
    said.textContent = words.counting;
    drawn(maps.map)
      .then(() => fetch(fire.widths))
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
      .then((data) => {
        sum = ofSteps(data);
        turn();
      })
      .catch(() => {
        said.textContent = maps.words.failed;
      });
  }
  turn();
}

/**
 * @param {HTMLElement} said
 * @param {Sum} sum
 * @param {Record<string, string>} classes
 * @param {any} words
 */
function tell(said, { gaps, metres, houses, byClass }, classes, words) {
  const line = fill(words.widthSum, { gaps: whole(gaps), metres: whole(metres), houses: whole(houses) });
  const parts = Object.entries(classes)
    .filter(([name]) => byClass[name])
    .map(([name, label]) => `${label} ${whole(byClass[name])} m`);
  said.replaceChildren(element("strong", { id: "gis-width-counts" }, line), element("small", {}, parts.join(" · ")));
}

/**
 * @param {{classes: string[], rows: [number, number, number, number, number][]}} gaps Mean width, length, class and two
 *   houses of each, the narrowest first.
 * @param {number} grain
 * @returns {Summing}
 */
export const ofGaps =
  ({ classes, rows }, grain) =>
  (width) => {
    const houses = new Set();
    /** @type {Record<string, number>} */
    const byClass = {};
    let [gaps, metres] = [0, 0];
    for (const [mean, length, kind, a, b] of rows) {
      if (mean > width + grain) break;
      gaps += 1;
      metres += length;
      houses.add(a).add(b);
      byClass[classes[kind]] = (byClass[classes[kind]] || 0) + length;
    }
    return { gaps, metres, houses: houses.size, byClass };
  };

/**
 * @param {{gaps: any[], houses: any[]}} data Figures of each tenth of a metre.
 * @returns {Summing}
 */
export const ofSteps = (data) => (width) => {
  const step = Math.round(width * 10);
  /** @type {Record<string, number>} */
  const byClass = {};
  let [gaps, metres, houses] = [0, 0, 0];
  for (const row of data.gaps) {
    if (row.step > step) continue;
    gaps += row.gaps;
    metres += row.metres;
    byClass[row.class] = (byClass[row.class] || 0) + row.metres;
  }
  for (const row of data.houses) if (row.step <= step) houses += row.houses;
  return { gaps, metres, houses, byClass };
};
