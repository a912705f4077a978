/* What a click tells: title, labelled rows, links, reasons. */
import { element } from "../dom.js";

/** Below this width a page is a column, with its map above. */
const PHONE = 760;

/** Options of a popup; on a phone it leaves room for the zoom buttons, and for what it tells of. */
export const POPUP = () => {
  const maxWidth = Math.min(380, window.innerWidth - 110);
  return window.innerWidth > PHONE ? { maxWidth } : { maxWidth, maxHeight: Math.round(window.innerHeight / 4) };
};

/**
 * @param {{title?: string, rows?: [string, any][], links?: [string, string][], reasons?: string[]}} facts
 * @returns {HTMLElement}
 */
export function popup(facts) {
  const box = element("div", { class: "gis-popup" }, element("h3", {}, facts.title || "—"));
  if (facts.rows?.length) {
    const table = element("table");
    for (const [label, value] of facts.rows) {
      table.append(element("tr", {}, element("th", { scope: "row" }, label), element("td", {}, String(value))));
    }
    box.append(table);
  }
  if (facts.links?.length) {
    const links = facts.links.map(([label, href]) => element("a", { href }, label));
    box.append(element("p", { class: "gis-links" }, ...links));
  }
  if (facts.reasons?.length) box.append(element("ul", {}, ...facts.reasons.map((text) => element("li", {}, text))));
  return box;
}
