/* What a township works from, under its map. */
import { byId, element } from "../dom.js";
import { wordsOf } from "../words.js";
import { Listing } from "./listing.js";

/** Rows of a page: few, for the tables stand below them. */
const PAGE = 20;

/** @param {import("./maps.js").Maps} maps */
export function worklist(maps) {
  const given = maps.config.worklist;
  if (!given) return; // the county, or a file that has its list in it
  const words = wordsOf().listing;
  const choice = (/** @type {string} */ field) => ({
    field,
    kind: "choice",
    label: words[field],
    options: given[field],
  });
  const listing = new Listing(maps, {
    pages: given.pages,
    file: given.file,
    ask: "/api/buildings/",
    size: PAGE,
    lead: { head: words.mark, of: (item) => given.marks[item.hazard_tier ?? ""] ?? "" },
    filters: [
      .../** @type {any[]} */ (["village", "tier", "action"].map(choice)),
      { field: "q", kind: "text", label: words.find },
    ],
  });
  byId("gis-list").append(element("h2", {}, given.title), listing.node);
  maps.stack.onAsk = (properties) => listing.mark(properties.building_id || properties.k);
  listing.begin();
}
