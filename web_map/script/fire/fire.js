/* The fire brigade's pages: the width slider, colours of houses, the ranked list, the patrol, records, the sheet. */
import { byId, element, find } from "../dom.js";
import { wordsOf } from "../words.js";
import { colours } from "./colours.js";
import { patrol } from "./patrol.js";
import { ranking } from "./ranking.js";
import { records } from "./records.js";
import { sheet } from "./sheet.js";
import { slider } from "./slider.js";

/**
 * @typedef {{maps: import("../page/maps.js").Maps, fire: any, words: any,
 *   section: (id: string, title: string) => HTMLElement}} Context  What each part of the page works with: `fire` is the
 *   page's own data, `section` makes a part of the panel above the legend.
 */

/** @param {import("../page/maps.js").Maps} maps */
export function fire(maps) {
  const data = maps.config.fire;
  if (!data) return;
  const legend = byId("gis-legend");
  /** @type {Context} */
  const context = {
    maps,
    fire: data,
    words: wordsOf().fire,
    section: (id, title) => {
      const made = element("section", { id, class: "gis-fire" }, element("h2", {}, title));
      legend.before(made);
      return made;
    },
  };
  slider(context);
  sheet(context);
  patrol(context);
  records(context);
  colours(context);
  ranking(context);
  // The county's page begins with what is ranked first; legend and slider follow.
  if (data.clusters) (find(".gis-facts") || byId("gis-search")).after(byId("gis-list"));
}
