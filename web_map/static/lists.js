/* The lists there are: which is the county's, who made the others and of what; two of them compared. */
"use strict";
(function () {
  const WORDS = {
    zh: {
      published: "全县名单（已发布）", draft: "草稿", open: "查看", publish: "发布为全县名单", withdraw: "撤回", shown: "正在查看", n: "{n} 栋",
      sure_publish: "发布后，所有页面、乡镇和打印件改用第 {run} 号名单（{n} 栋）。", sure_withdraw: "撤回后没有全县名单，各页面显示“尚未发布名单”。",
      yes: "确定", no: "取消",
      compare: "比较两份名单", before: "从", after: "到", run: "比较", waiting: "正在计算…", same: "两份名单完全相同。", gone_house: "（已不在数据中）",
      new: "新增", gone: "移出", changed: "分值或原因有变", more: "（只列前 {n} 栋）", option: "第 {run} 号{name} · {at} · {n} 栋", take: "下载对比 xlsx", none: "还没有名单。",
    },
    en: {
      published: "The county's list (published)", draft: "Draft", open: "Show", publish: "Publish as the county's", withdraw: "Withdraw", shown: "Shown now", n: "{n} houses",
      sure_publish: "All pages, townships and prints will read list {run} ({n} houses).", sure_withdraw: "There will be no county list, and pages will say so.",
      yes: "Do it", no: "Cancel",
      compare: "Compare two lists", before: "From", after: "to", run: "Compare", waiting: "Counting…", same: "The two lists are the same.", gone_house: " (no longer in the data)",
      new: "New", gone: "Gone", changed: "Other score or reasons", more: " (the first {n})", option: "{run}{name} · {at} · {n} houses", take: "Download the comparison (xlsx)", none: "There is no list yet.",
    },
  };
  /* Colour and sign: they must be told apart on a grey print too. */
  const KINDS = [["new", "#0b7a3b", "+"], ["gone", "#a3001b", "−"], ["changed", "#8a5a00", "~"]];
  const SHOWN = 200;

  window.Lists = class {
    constructor(planner) {
      const { element } = window.gis;
      this.planner = planner;
      this.words = WORDS[planner.maps.config.lang] || WORDS.zh;
      this.marks = L.layerGroup().addTo(planner.maps.map);
      this.told = element("p", { class: "gis-told", role: "status" });
      const lists = planner.spec.lists;
      this.node = element("div", {}, this.told, lists.length ? element("ul", { class: "gis-lists" }, ...lists.map((one) => this.line(one)))
        : element("p", {}, this.words.none), ...(lists.length > 1 ? this.comparison(lists) : []));
    }

    address(run) {
      const english = this.planner.maps.config.lang === "en" ? "&lang=en" : "";
      return `/map/planner?run=${run}${english}`;
    }

    line(one) {
      const { element, fill } = window.gis;
      const { spec } = this.planner, here = one.run_id === spec.run;
      const buttons = [], deed = one.published ? "withdraw" : "publish";
      const sure = element("p", { class: "gis-sure", role: "alert" });
      if (spec.may_publish) buttons.push(element("button", { type: "button", onclick: () => this.question(sure, one, deed) }, this.words[deed]));
      return element("li", { class: one.published ? "gis-published" : "" },
        element("p", {}, element("strong", {}, one.name || `#${one.run_id}`), " ", element("span", { class: "gis-mark" }, one.published ? this.words.published : this.words.draft),
          " ", fill(this.words.n, { n: one.n })),
        element("p", { class: "gis-note" }, one.sentence), element("p", { class: "gis-note" }, `#${one.run_id} · ${one.by} · ${one.at}`),
        element("p", { class: "gis-buttons" }, here ? element("em", {}, this.words.shown) : element("a", { href: this.address(one.run_id) }, this.words.open), ...buttons), sure);
    }

    /* Both change what everybody sees: what will happen is said before it does. */
    question(home, one, deed) {
      const { element, fill } = window.gis;
      const yes = element("button", { type: "button", class: "gis-main-button", onclick: () => this.change(one, deed) }, this.words.yes);
      home.replaceChildren(fill(this.words["sure_" + deed], { run: String(one.run_id), n: one.n }), " ", yes, " ",
        element("button", { type: "button", onclick: () => home.replaceChildren() }, this.words.no));
      yes.focus();
    }

    async change(one, deed) {
      try {
        await window.gis.send("POST", `/api/selections/${one.run_id}/${deed}`, {});
        location.assign(this.address(one.run_id));
      } catch (refusal) {
        this.told.textContent = refusal.message;
        this.told.classList.add("gis-bad");
      }
    }

    comparison(lists) {
      const { element, fill } = window.gis;
      const ordered = [...lists].sort((a, b) => b.run_id - a.run_id);
      const options = () => ordered.map((one) => element("option", { value: one.run_id },
        fill(this.words.option, { run: String(one.run_id), name: one.name && ` ${one.name}`, at: one.at, n: one.n })));
      const before = element("select", { id: "gis-before" }, ...options()), after = element("select", { id: "gis-after" }, ...options());
      after.value = String(this.planner.spec.run || ordered[0].run_id);
      const older = lists.find((one) => one.published && String(one.run_id) !== after.value)
        || ordered.find((one) => one.run_id < Number(after.value)) || ordered.at(-1);
      before.value = String(older.run_id);
      const result = element("div", { "aria-live": "polite" });
      const compare = async (event) => {
        event.preventDefault();
        result.replaceChildren(this.words.waiting);
        this.marks.clearLayers();
        try {
          const address = `/api/selections/${before.value}/compare/${after.value}`;
          this.differences(result, await window.gis.send("GET", address + window.gis.lang()), address);
        } catch (refusal) { result.replaceChildren(element("p", { class: "gis-bad" }, refusal.message)); }
      };
      const form = element("form", { class: "gis-compare", onsubmit: compare }, element("h2", {}, this.words.compare),
        element("p", {}, element("label", { for: "gis-before" }, this.words.before + " "), before),
        element("p", {}, element("label", { for: "gis-after" }, this.words.after + " "), after),
        element("button", { type: "submit", class: "gis-main-button" }, this.words.run));
      return [form, result];
    }

    differences(home, found, address) {
      const { element, fill } = window.gis;
      if (!KINDS.some(([kind]) => found.counts[kind])) { home.replaceChildren(element("p", {}, this.words.same)); return; }
      home.replaceChildren(element("p", {}, element("a", { href: address + "/export" }, this.words.take)), ...KINDS.map(([kind, color, sign]) => {
        for (const row of found[kind]) this.dot(row, color, sign);
        const rows = found[kind].slice(0, SHOWN), more = rows.length < found.counts[kind] ? fill(this.words.more, { n: rows.length }) : "";
        const key = element("span", { class: "gis-sign", style: { background: color }, "aria-hidden": "true" }, sign);
        return element("details", { open: kind === "new" }, element("summary", {}, key, ` ${this.words[kind]} ${found.counts[kind].toLocaleString("en")}${more}`),
          element("ul", {}, ...rows.map((row) => this.differing(row))));
      }));
    }

    differing(row) {
      const { element } = window.gis;
      const place = [row.township, row.village].filter(Boolean).join(" ");
      const score = `${row.score_before ?? "—"} → ${row.score_after ?? "—"}`;
      const was = window.gis.joined(row.reasons_before), is = window.gis.joined(row.reasons_after);
      return element("li", {}, element("button", { type: "button", onclick: () => this.go(row) }, `${row.name || row.building_id}　${score}`),
        element("div", { class: "gis-note" }, row.lat === null ? this.words.gone_house : place),
        element("div", { class: "gis-note" }, was === is || !was ? is : is ? `${was} → ${is}` : was));
    }

    dot(row, color, sign) {
      if (row.lat === null) return;
      const style = { radius: 5, weight: 1.5, color: "#fff", fillColor: color, fillOpacity: 1, dashArray: sign === "−" ? "2 2" : null };
      L.circleMarker([row.lat, row.lon], style).on("click", () => this.go(row)).addTo(this.marks);
    }

    go(row) {
      if (row.lat !== null) this.planner.maps.go({ c: [row.lat, row.lon], ask: "/api/buildings/", k: row.building_id });
    }
  };
})();
