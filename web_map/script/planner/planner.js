/* The planner's panel: what is asked for, the houses that are listed, areas to draw, the lists there are. */
import { byId, element, find } from "../dom.js";
import { tabs } from "../page/tabs.js";
import { wordsOf } from "../words.js";
import { Areas } from "./areas.js";
import { Conditions } from "./conditions.js";
import { PlannerListing } from "./listing.js";
import { Lists } from "./lists.js";

export class Planner {
  /** @param {import("../page/maps.js").Maps} maps */
  constructor(maps) {
    this.maps = maps;
    this.spec = this.maps.config.planner;
    this.run = this.spec.run;
    this.sketch = null;
    const words = wordsOf().planner;
    const home = element("section", { id: "gis-work" });
    byId("gis-search").after(home);
    const facts = find(".gis-facts"),
      legend = byId("gis-legend"),
      notes = find(".gis-notes");
    byId("gis-list").remove();
    this.areas = new Areas(this);
    this.conditions = new Conditions(this);
    this.listing = new PlannerListing(this);
    this.lists = new Lists(this);
    this.show = tabs(home, [
      { id: "ask", name: words.ask, node: this.conditions.node },
      { id: "list", name: words.list, node: this.listing.node },
      { id: "areas", name: words.areas, node: this.areas.node, shown: () => this.spec.may_draw && this.areas.ready() },
      { id: "lists", name: words.lists, node: this.lists.node },
      { id: "legend", name: words.legend, node: [facts, legend, notes].filter(Boolean) },
    ]);
    this.listing.begin();
    this.conditions.begin();
    const told = sessionStorage.getItem("gis-told");
    if (told) {
      sessionStorage.removeItem("gis-told");
      this.conditions.say(told);
      this.show("list");
    }
  }

  count() {
    return this.conditions.count();
  }

  later() {
    this.conditions.later();
  }

  say(text, bad) {
    this.conditions.say(text, bad);
  }

  read() {
    return this.listing.read();
  }
}
