/* The planner's panel: what is asked for, the houses that are listed, areas to draw, the lists there are. */
"use strict";
(function () {
  const WORDS = {
    zh: { ask: "条件", list: "名单", areas: "区域", lists: "名单库", legend: "图例" },
    en: { ask: "Conditions", list: "List", areas: "Areas", lists: "Lists", legend: "Legend" },
  };

  class Planner {
    constructor() {
      const { element } = window.gis;
      this.maps = window.gis.maps;
      this.spec = this.maps.config.planner;
      this.run = this.spec.run;
      this.sketch = null;
      const words = WORDS[this.maps.config.lang] || WORDS.zh;
      const home = element("section", { id: "gis-work" });
      document.getElementById("gis-search").after(home);
      const facts = document.querySelector(".gis-facts"), legend = document.getElementById("gis-legend"), notes = document.querySelector(".gis-notes");
      document.getElementById("gis-list").remove();
      this.areas = new window.Areas(this);
      this.conditions = new window.Conditions(this);
      this.listing = new window.Listing(this);
      this.lists = new window.Lists(this);
      this.show = window.tabs(home, [
        { id: "ask", name: words.ask, node: this.conditions.node },
        { id: "list", name: words.list, node: this.listing.node },
        { id: "areas", name: words.areas, node: this.areas.node },
        { id: "lists", name: words.lists, node: this.lists.node },
        { id: "legend", name: words.legend, node: [facts, legend, notes].filter(Boolean) },
      ]);
      this.read();
      this.count();
      const told = sessionStorage.getItem("gis-told");
      if (told) { sessionStorage.removeItem("gis-told"); this.conditions.say(told); this.show("list"); }
    }

    count() { return this.conditions.count(); }

    later() { this.conditions.later(); }

    say(text, bad) { this.conditions.say(text, bad); }

    read() {
      this.listing.dots.clearLayers();
      return this.listing.read();
    }
  }

  window.addEventListener("gis-ready", () => {
    if (!window.gis.maps.config.planner) return;
    window.gis.planner = new Planner();
    window.gis.maps.onAsk = (properties) => window.gis.planner.listing.mark(properties.building_id || properties.k);
  });
})();
