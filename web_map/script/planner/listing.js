/* The houses of the planner's list, and those that a drawing which is not saved would list. */
import { element } from "../dom.js";
import { fill } from "../language.js";
import L from "../leaflet.js";
import { Listing } from "../page/listing.js";
import { wordsOf } from "../words.js";

const PAGE = 100;
const DOT = { radius: 4, weight: 1.5, color: "#fff", fillColor: "#d7301f", fillOpacity: 1, interactive: false };

export class PlannerListing extends Listing {
  constructor(planner) {
    const words = wordsOf().listing;
    const options = (name) => planner.spec.house.find((one) => one.name === name).options || [];
    super(planner.maps, {
      pages: `/api/selections/${planner.run}`,
      file: `/api/selections/${planner.run}/export`,
      ask: `/api/selections/${planner.run}/buildings/`,
      size: PAGE,
      lead: { head: words.score, of: (item) => String(item.score) },
      filters: [
        // The notice's lists are of operating houses.
        { field: "operating", kind: "flag", label: words.operating, initial: "true" },
        { field: "township", kind: "choice", label: words.township, options: options("unit_code") },
        {
          field: "village",
          kind: "choice",
          label: words.village,
          options: options("village_code"),
          of: "township",
        },
        { field: "tier", kind: "choice", label: words.tier, options: options("hazard_tier") },
        { field: "min_score", kind: "number", label: words.least },
        { field: "q", kind: "text", label: words.find },
      ],
    });
    this.planner = planner;
    this.dots = L.layerGroup().addTo(planner.maps.map);
    if (!planner.run) this.node.replaceChildren(this.table);
  }

  async read() {
    this.dots.clearLayers();
    if (this.planner.run) await super.read();
    else this.table.replaceChildren(element("p", {}, this.words.none));
  }

  /* As dots too: no layer of the map has them. */
  preview(items, total) {
    this.turn += 1;
    this.dots.clearLayers();
    for (const item of items) L.circleMarker([item.lat, item.lon], DOT).addTo(this.dots);
    this.table.replaceChildren(
      element("p", { class: "gis-note" }, fill(this.words.preview, { n: items.length, total })),
      items.length ? this.rows(items) : element("p", {}, this.words.empty),
    );
    this.planner.show("list");
  }
}
