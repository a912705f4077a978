/* The planner's panel: conditions with counts that follow the hand, the list, areas to draw, two runs compared.
   What is drawn lives in areas.js; this file asks the service and shows what it says. */
"use strict";
(function () {
  const WORDS = {
    zh: {
      ask: "条件", list: "名单", areas: "区域", compare: "比较", legend: "图例",
      zones: "重点区域及周边", rules: "重点房屋、场所和问题", within: "只在这些区域内", everywhere: "（全县）", deleted: "（名单原在“{names}”内，该区域已删除）", beyond: "名单另有条件：{said}。在此重新生成时不含这些条件。", metres: "米",
      counting: "正在计算…", selected: "符合条件 {n} 栋", apply: "生成名单", applying: "正在生成…", changed: "条件已改：地图和名单仍是第 {run} 号选取",
      nothing: "没有选任何条件", rows: "列出优先分最高的 {n} 栋，共 {total} 栋", rowsAll: "共 {total} 栋", preview: "预览（未保存）：",
      score: "分", house: "房屋和位置", reasons: "选取原因", empty: "没有符合条件的房屋。",
      before: "从", after: "到", run: "比较", same: "两次选取完全相同。", new: "新增", gone: "移出", differs: "分值或原因有变", more: "（只列前 {n} 栋）",
      saved: "已生成第 {run} 号名单", option: "第 {run} 号 · {at} · {n} 栋",
    },
    en: {
      ask: "Conditions", list: "List", areas: "Areas", compare: "Compare", legend: "Legend",
      zones: "Near key zones", rules: "Key houses, places and problems", within: "Only inside these areas", everywhere: "(whole county)", deleted: " (the list was made inside {names}, which is deleted)", beyond: "The list has other conditions: {said}. A list made here will lack them.", metres: "m",
      counting: "Counting…", selected: "{n} houses", apply: "Make the list", applying: "Making it…", changed: "Conditions changed: map and list still show run {run}",
      nothing: "No condition is chosen", rows: "The {n} highest scores of {total}", rowsAll: "{total} in all", preview: "Preview (not saved): ",
      score: "Score", house: "House and place", reasons: "Reasons", empty: "No house meets this.",
      before: "From", after: "to", run: "Compare", same: "The two runs are the same.", new: "New", gone: "Gone", differs: "Other score or reasons", more: "(the first {n})",
      saved: "List {run} was made", option: "{run} · {at} · {n} houses",
    },
  };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => Number.isInteger(values[name]) ? values[name].toLocaleString("en") : values[name]);

  class Planner {
    constructor() {
      const { element } = window.gis;
      this.maps = window.gis.maps;
      this.spec = this.maps.config.planner;
      this.words = WORDS[this.maps.config.lang] || WORDS.zh;
      this.run = this.spec.run;
      this.controls = [];
      this.turn = 0;
      this.sketch = null;
      this.dots = L.layerGroup().addTo(this.maps.map);
      const home = element("section", { id: "gis-work" });
      document.getElementById("gis-search").after(home);
      const facts = document.querySelector(".gis-facts"), legend = document.getElementById("gis-legend"), notes = document.querySelector(".gis-notes");
      document.getElementById("gis-list").remove();
      this.listing = element("div");
      this.areas = new window.Areas(this);
      this.show = window.tabs(home, [
        { id: "ask", name: this.words.ask, node: this.conditions() },
        { id: "list", name: this.words.list, node: this.listing },
        { id: "areas", name: this.words.areas, node: this.areas.node },
        { id: "compare", name: this.words.compare, node: this.comparison() },
        { id: "legend", name: this.words.legend, node: [facts, legend, notes].filter(Boolean) },
      ]);
      this.read(this.run);
      this.count();
    }

    say(text, bad) {
      this.told.textContent = text;
      this.told.classList.toggle("gis-bad", Boolean(bad));
    }

    /* ---- conditions ---- */
    conditions() {
      const { element } = window.gis;
      const form = element("form", { class: "gis-ask", onsubmit: (event) => { event.preventDefault(); this.apply(); } });
      const row = (term, name, mark, on, extra) => {
        const box = element("input", { type: "checkbox", checked: on });
        const number = element("output", { class: "n" }, "…");
        const label = element("label", {}, box, mark || "", " ", name);
        form.append(element("div", { class: "gis-term" }, label, extra || "", number));
        this.controls.push({ box, number, term });
        box.addEventListener("change", () => this.later());
      };
      form.append(element("h2", {}, this.words.zones));
      for (const zone of this.spec.zones) {
        const width = element("input", { type: "number", min: 0, max: 5000, step: 10, value: zone.buffer_m, title: zone.source, "aria-label": `${zone.name} ${this.words.metres}` });
        width.addEventListener("input", () => this.later());
        row(() => ({ term: "zone", kind: zone.kind, buffer_m: Math.min(5000, Math.max(0, Number(width.value) || 0)) }), zone.name,
          element("span", { class: "gis-zone", "aria-hidden": "true", style: { background: zone.color } }, zone.mark), zone.on, element("span", { class: "unit" }, width, " " + this.words.metres));
      }
      form.append(element("h2", {}, this.words.rules));
      this.limits = {};
      for (const rule of this.spec.rules) {
        let extra = null;
        const limit = rule.limit;
        if (limit) {
          const number = element("input", { type: "number", min: limit.low, max: limit.high, value: limit.value, "aria-label": `${rule.title} ${limit.unit}` });
          number.addEventListener("input", () => this.later());
          this.limits[limit.name] = () => Math.min(limit.high, Math.max(limit.low, Math.round(Number(number.value)) || limit.low));
          extra = element("span", { class: "unit" }, number, " " + limit.unit);
        }
        row(() => ({ term: "rule", name: rule.name }), rule.title, null, rule.on, extra);
        form.lastChild.title = rule.source;
      }
      this.withinNote = element("p", { class: "gis-note" });
      this.total = element("output", { class: "gis-total", "aria-live": "polite" });
      this.button = element("button", { type: "submit", class: "gis-main-button" }, this.words.apply);
      this.told = element("p", { class: "gis-told", role: "status" });
      if (this.spec.beyond) form.append(element("p", { class: "gis-note" }, fill(this.words.beyond, { said: this.spec.beyond })));
      form.append(this.withinNote, element("p", { class: "gis-do" }, this.total, this.button), this.told);
      return form;
    }

    asked() {
      const on = this.controls.filter((c) => c.box.checked).map((c) => c.term());
      const body = { any_of: on, within: this.areas.chosen() };
      for (const [name, number] of Object.entries(this.limits)) body[name] = number();
      return body;
    }

    later() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.count(), 150);
      this.say(fill(this.words.changed, { run: String(this.run) }));
    }

    /* Counts of every control, on or off; with a sketch on the map also the houses in it. */
    async count() {
      const mine = ++this.turn, body = this.asked();
      const off = this.controls.filter((c) => !c.box.checked);
      const gone = this.areas.goneNames();
      this.withinNote.textContent = `${this.words.within}：${this.areas.chosenNames() || this.words.everywhere}${gone && fill(this.words.deleted, { names: gone })}`;
      if (!body.any_of.length) {
        this.total.textContent = this.words.nothing;
        this.button.disabled = true;
        return;
      }
      this.button.disabled = false;
      this.total.textContent = this.words.counting;
      const asked = { ...body, others: off.map((c) => c.term()), limit: this.sketch ? 500 : 0 };
      if (this.sketch) asked.shape = this.sketch;
      try {
        const found = await window.gis.send("POST", "/api/selections/preview", asked);
        if (mine !== this.turn) return;
        this.total.textContent = fill(this.words.selected, { n: found.total });
        this.controls.filter((c) => c.box.checked).forEach((c, i) => { c.number.textContent = found.any_of[i].toLocaleString("en"); });
        off.forEach((c, i) => { c.number.textContent = found.others[i].toLocaleString("en"); });
        if (this.sketch) this.table(found.items, found.total, this.words.preview);
      } catch (refusal) {
        if (mine !== this.turn) return;
        this.total.textContent = "—";
        this.say(refusal.message, true);
      }
    }

    async apply() {
      this.button.disabled = true;
      this.button.textContent = this.words.applying;
      try {
        const made = await window.gis.send("POST", "/api/selections", this.asked());
        const address = new URL(location.href);
        address.searchParams.set("run", made.run_id);
        sessionStorage.setItem("gis-told", fill(this.words.saved, { run: String(made.run_id) }));
        location.assign(address);  // buffers, notes and downloads are the new run's
      } catch (refusal) {
        this.say(refusal.message, true);
        this.button.disabled = false;
        this.button.textContent = this.words.apply;
      }
    }

    /* ---- the list ---- */
    async read(run) {
      this.listing.replaceChildren(window.gis.element("p", { role: "status" }, this.words.counting));
      try {
        const found = await window.gis.send("GET", `/api/selections/${run}?limit=500`);
        this.table(found.items, found.totals.total, "");
      } catch (refusal) {
        this.listing.replaceChildren(window.gis.element("p", { class: "gis-bad" }, refusal.message));
      }
      const told = sessionStorage.getItem("gis-told");
      if (told) { sessionStorage.removeItem("gis-told"); this.say(told); this.show("list"); }
    }

    table(items, total, before) {
      const { element } = window.gis;
      this.items = items;
      this.dots.clearLayers();
      if (!items.length) { this.listing.replaceChildren(element("p", {}, before + this.words.empty)); return; }
      const body = element("tbody");
      const columns = [["score", "num"], ["house", ""], ["reasons", ""]];
      const heads = columns.map(([name, kind]) => element("th", { scope: "col", class: kind }, element("button", { type: "button", onclick: () => sort(name) }, this.words[name])));
      const value = { score: (i) => i.score, house: (i) => (i.township || "") + (i.village || "") + (i.name || i.building_id), reasons: (i) => i.reasons_text.length };
      let by = "score", down = true;
      const draw = () => {
        const sorted = [...items].sort((a, b) => {
          const x = value[by](a), y = value[by](b);
          const order = typeof x === "number" ? x - y : x.localeCompare(y, "zh-CN");
          return down ? -order : order;
        });
        heads.forEach((head, i) => columns[i][0] === by ? head.setAttribute("aria-sort", down ? "descending" : "ascending") : head.removeAttribute("aria-sort"));
        body.replaceChildren(...sorted.map((item) => this.line(item)));
      };
      const sort = (name) => { down = by === name ? !down : name === "score" || name === "reasons"; by = name; draw(); };
      draw();
      const told = items.length < total ? fill(this.words.rows, { n: items.length, total }) : fill(this.words.rowsAll, { total });
      this.listing.replaceChildren(element("p", { class: "gis-note" }, before + told),
        element("table", { class: "gis-table gis-houses" }, element("thead", {}, element("tr", {}, ...heads)), body));
      if (before) {
        for (const item of items) L.circleMarker([item.lat, item.lon], { radius: 4, weight: 1.5, color: "#fff", fillColor: "#d7301f", fillOpacity: 1, interactive: false }).addTo(this.dots);
        this.show("list");
      }
    }

    line(item) {
      const { element } = window.gis;
      const row = element("tr", { tabindex: 0, "data-house": item.building_id, onclick: () => this.go(item), onkeydown: (e) => { if (e.key === "Enter") this.go(item); } },
        element("td", { class: "num" }, String(item.score)), element("td", {}, item.name || item.building_id, element("br"), element("span", { class: "gis-note" }, [item.township, item.village].filter(Boolean).join(" "))),
        element("td", { title: item.reasons_text.join("\n") }, element("div", { class: "gis-why" }, item.reasons_text.join("；"))));
      return row;
    }

    /* List to map ... */
    go(item) {
      this.mark(item.building_id);
      this.maps.go({ c: [item.lat, item.lon], ask: `/api/selections/${this.run}/buildings/`, k: item.building_id });
    }

    /* ... and map to list. */
    mark(house) {
      for (const row of this.listing.querySelectorAll("tr[data-house]")) {
        const on = row.dataset.house === house;
        row.classList.toggle("gis-on", on);
        if (on) row.scrollIntoView({ block: "nearest" });
      }
    }

    /* ---- two runs ---- */
    comparison() {
      const { element } = window.gis;
      const options = () => this.spec.runs.map((r) => element("option", { value: r.run_id }, fill(this.words.option, { run: String(r.run_id), at: r.at, n: r.n })));
      const before = element("select", { id: "gis-before" }, ...options()), after = element("select", { id: "gis-after" }, ...options());
      after.value = String(this.run);
      const older = this.spec.runs.find((r) => r.run_id < this.run);
      if (older) before.value = String(older.run_id);
      const result = element("div", { "aria-live": "polite" });
      const form = element("form", { class: "gis-compare", onsubmit: async (event) => {
        event.preventDefault();
        result.replaceChildren(this.words.counting);
        try {
          const found = await window.gis.send("GET", `/api/selections/${before.value}/compare/${after.value}`);
          this.differences(result, found);
        } catch (refusal) { result.replaceChildren(element("p", { class: "gis-bad" }, refusal.message)); }
      } }, element("p", {}, element("label", { for: "gis-before" }, this.words.before + " "), before), element("p", {}, element("label", { for: "gis-after" }, this.words.after + " "), after),
        element("button", { type: "submit", class: "gis-main-button" }, this.words.run));
      return [form, result];
    }

    differences(home, found) {
      const { element } = window.gis;
      const kinds = [["new", "new"], ["gone", "gone"], ["changed", "differs"]];
      if (!kinds.some(([kind]) => found.counts[kind])) { home.replaceChildren(element("p", {}, this.words.same)); return; }
      home.replaceChildren(...kinds.map(([kind, name]) => {
        const rows = found[kind].slice(0, 200);
        const more = rows.length < found.counts[kind] ? fill(this.words.more, { n: rows.length }) : "";
        return element("details", { open: kind === "new" }, element("summary", {}, `${this.words[name]} ${found.counts[kind].toLocaleString("en")}${more}`),
          element("ul", {}, ...rows.map((r) => element("li", {}, element("button", { type: "button", onclick: () => this.find(r.building_id) },
            `${r.building_id}　${r.score_before ?? "—"} → ${r.score_after ?? "—"}`)))));
      }));
    }

    async find(house) {
      const found = await window.gis.send("GET", "/api/search?q=" + encodeURIComponent(house)).catch(() => ({ items: [] }));
      const one = found.items.find((i) => i.key === house);
      if (one) this.maps.go({ c: [one.lat, one.lon], ask: "/api/buildings/", k: house });
    }
  }

  window.addEventListener("gis-ready", () => {
    if (!window.gis.maps.config.planner) return;
    window.gis.planner = new Planner();
    window.gis.maps.onAsk = (properties) => window.gis.planner.mark(properties.building_id || properties.k);
  });
})();
