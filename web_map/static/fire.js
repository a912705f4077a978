/* The fire brigade's pages: the width slider, colours of houses, the ranked list, the patrol, records, the sheet.
   Texts of the data reach the page through textContent, as in gis.js. */
"use strict";
window.addEventListener("gis-ready", () => {
  const { maps, element, send } = window.gis;
  const fire = maps.config.fire;
  if (!fire) return;
  const zh = maps.config.lang !== "en";
  const say = (chinese, english) => (zh ? chinese : english);
  const lang = zh ? "" : "&lang=en";
  const number = (value) => Math.round(value).toLocaleString("en-US");
  const GRAIN = fire.half_m; // so much more is still as wide, as for the classes
  const CLASSES = fire.classes;

  const legend = document.getElementById("gis-legend");
  const section = (id, title) => {
    const made = element("section", { id, class: "gis-fire" }, element("h2", {}, title));
    legend.before(made);
    return made;
  };

  /* ---- Width: what is at most so wide, summed up in the browser from widths that came once. ---- */
  function slider() {
    if (!fire.widths && !fire.gaps) return;
    const box = section("gis-width", say("巷道宽度", "Width of alleys"));
    const shown = element("output", { for: "gis-width-m" });
    const input = element("input", { id: "gis-width-m", type: "range", min: 0.3, max: fire.widest_m, step: 0.1, value: fire.widest_m, "aria-describedby": "gis-width-said" });
    const said = element("div", { id: "gis-width-said", "aria-live": "polite" });
    box.append(element("label", { for: "gis-width-m" }, say("只看不宽于 ", "Only up to "), shown), input, said);
    let sum = null;
    const turn = () => {
      const width = Number(input.value);
      shown.textContent = width.toFixed(1) + " m";
      input.setAttribute("aria-valuetext", width.toFixed(1) + " m");
      maps.widest = width >= fire.widest_m ? Infinity : width + GRAIN;
      for (const [id, { spec }] of maps.drawn) if (spec.width) maps.redraw(id);
      if (!sum) return;
      const { gaps, metres, houses, byClass } = sum(width);
      const line = say(`间隙 ${number(gaps)} 处，${number(metres)} m；沿线房屋 ${number(houses)} 栋`, `${number(gaps)} gaps, ${number(metres)} m; ${number(houses)} houses along them`);
      const parts = Object.entries(CLASSES).filter(([name]) => byClass[name]).map(([name, label]) => `${label} ${number(byClass[name])} m`);
      said.replaceChildren(element("strong", { id: "gis-width-counts" }, line), element("small", {}, parts.join(" · ")));
    };
    input.addEventListener("input", turn);
    if (fire.gaps) {
      const { classes, rows } = fire.gaps;
      sum = (width) => {
        const houses = new Set(), byClass = {};
        let gaps = 0, metres = 0;
        for (const [mean, length, kind, a, b] of rows) {
          if (mean > width + GRAIN) break; // narrowest first
          gaps += 1; metres += length; houses.add(a).add(b);
          byClass[classes[kind]] = (byClass[classes[kind]] || 0) + length;
        }
        return { gaps, metres, houses: houses.size, byClass };
      };
    } else {
      said.textContent = say("正在统计…", "Counting…");
      fetch(fire.widths).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status))).then((data) => {
        sum = (width) => {
          const step = Math.round(width * 10), byClass = {};
          let gaps = 0, metres = 0, houses = 0;
          for (const row of data.gaps) if (row.step <= step) { gaps += row.gaps; metres += row.metres; byClass[row.class] = (byClass[row.class] || 0) + row.metres; }
          for (const row of data.houses) if (row.step <= step) houses += row.houses;
          return { gaps, metres, houses, byClass };
        };
        turn();
      }).catch(() => { said.textContent = maps.words.failed; });
    }
    turn();
  }

  /* ---- Houses in another colour ---- */
  function colours() {
    for (const [id, part] of maps.drawn) {
      const choices = part.spec.colourings;
      if (!choices) continue;
      const select = element("select", { id: "gis-colour-" + id }, ...choices.map((choice, k) => element("option", { value: k }, choice.name)));
      select.addEventListener("change", () => {
        const choice = choices[Number(select.value)];
        maps.rules.set(id, choice.style);
        maps.keys(id, part.keys, choice.keys);
        maps.redraw(id);
      });
      part.keys.before(element("label", { class: "gis-choose" }, say("按 ", "by "), select));
    }
  }

  /* ---- The ranked list, a page at a time ---- */
  function list() {
    if (!fire.clusters) return;
    const box = document.getElementById("gis-list");
    const townships = element("select", { id: "gis-township" }, element("option", { value: "" }, say("全部乡镇", "all townships")),
      ...fire.townships.map(({ code, name, clusters }) => element("option", { value: code }, window.gis.counted(name, clusters))));
    const kinds = element("select", { id: "gis-class" }, ...[["", say("全部", "all")], ["handshake", say("有手牵手", "with handshake")],
      ["sky_line", say("有一线天", "with sky line")], ["unreached", say("有水带不可达", "with unreached houses")]].map(([value, label]) => element("option", { value }, label)));
    /* What is due: the ten worst that nobody has walked since the month began. */
    const due = element("input", { type: "checkbox", id: "gis-due" });
    const month = fire.today.slice(0, 8) + "01";
    const take = element("a", { class: "gis-take", id: "gis-clusters-file" }, say("下载 xlsx", "Download (xlsx)"));
    const said = element("p", { "aria-live": "polite" }), ordered = element("ol");
    const back = element("button", { type: "button" }, say("上一页", "Previous")), on = element("button", { type: "button" }, say("下一页", "Next"));
    const SIZE = 50;
    let offset = 0, turn = 0;
    const load = async () => {
      const mine = ++turn;
      said.textContent = maps.words.wait;
      const query = new URLSearchParams({ limit: due.checked ? 10 : SIZE, offset });
      if (due.checked) query.set("walked_before", month);
      if (townships.value) query.set("township", townships.value);
      if (kinds.value) query.set("class", kinds.value);
      const asked = new URLSearchParams(query);
      asked.delete("offset");
      if (!due.checked) asked.delete("limit");
      take.href = `${fire.clusters.replace("?", "/export?")}&${asked}`;
      try {
        const answer = await fetch(`${fire.clusters}&${query}${lang}`, { headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(answer.status);
        const page = await answer.json();
        if (mine !== turn) return;
        ordered.replaceChildren(...page.items.map((item) => element("li", {},
          element("button", { type: "button", onclick: () => maps.go({ bounds: [[item.bbox[1], item.bbox[0]], [item.bbox[3], item.bbox[2]]] }) },
            element("span", { class: "score" }, String(item.score)), element("span", { class: "rank" }, String(item.rank)), item.label,
            element("span", { class: "why", title: item.why }, item.why), element("span", { class: "why" }, item.record)),
          element("a", { class: "gis-open", href: `/map/fire/${item.cluster_id}?run=${page.run_id}${lang}` }, say("打开", "Open")))));
        said.textContent = due.checked && page.total ? say(`本月还没有巡查的 ${number(page.total)} 片中，风险最高的 ${page.items.length} 片`, `The ${page.items.length} worst of ${number(page.total)} not walked this month`)
          : page.total ? say(`第 ${offset + 1}–${offset + page.items.length} 片，共 ${number(page.total)} 片`, `${offset + 1}–${offset + page.items.length} of ${number(page.total)}`)
          : say("没有符合条件的连片区", "No cluster meets this");
        const lost = page.records_without_cluster || [];
        if (lost.length) said.append(element("br"), say(`另有 ${lost.length} 处的预案、演练记录在本次分析中没有对应的连片区：`, `Records of ${lost.length} places have no cluster in this run: `) + lost.map((s) => s.name || s.site_id).join("、"));
        back.disabled = offset === 0; on.disabled = due.checked || !page.truncated;
      } catch (error) {
        if (mine === turn) said.textContent = maps.words.failed;
      }
    };
    for (const select of [townships, kinds, due]) select.addEventListener("change", () => { offset = 0; load(); });
    back.addEventListener("click", () => { offset = Math.max(0, offset - SIZE); load(); });
    on.addEventListener("click", () => { offset += SIZE; load(); });
    box.append(element("h2", {}, say("连片区排序（按风险分）", "Clusters by score")),
      element("div", { class: "gis-filter" }, element("label", {}, say("乡镇 ", "Township "), townships), element("label", {}, say("类别 ", "Class "), kinds),
        element("label", {}, due, say(" 本月应查十片", " Ten to walk this month")), take),
      said, ordered, element("div", { class: "gis-pager" }, back, on));
    load();
  }

  /* ---- Patrol and staging points: computed when first asked for ---- */
  function patrol() {
    if (!fire.work && !fire.summary) return;
    const box = section("gis-patrol", say("停车点与巡查路线", "Staging points and patrol"));
    if (!fire.work) { box.append(element("p", {}, fire.summary)); return; } // a file has the route among its layers
    const said = element("p", { "aria-live": "polite" }, say("正在计算路线…", "Working out the route…"));
    box.append(said);
    fetch(fire.work + lang).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status))).then((work) => {
      const turned = (points) => points.map(([x, y]) => [y, x]);
      const steps = work.features.filter((f) => f.properties.what === "step");
      const places = work.features.filter((f) => f.properties.what === "staging");
      for (const spec of fire.workLayers) {
        const mine = spec.id === "patrol" ? steps : places;
        maps.add({ ...spec, features: mine.map((f) => ({ g: spec.id === "patrol" ? turned(f.geometry.coordinates) : [f.geometry.coordinates[1], f.geometry.coordinates[0]],
          c: spec.id === "patrol" ? undefined : [f.geometry.coordinates[1], f.geometry.coordinates[0]],
          p: { kind: f.properties.kind || f.properties.mark, mark: f.properties.mark }, f: { title: f.properties.title, rows: f.properties.rows } })) });
      }
      const check = maps.drawn.get("patrol").entry.querySelector("input");
      const button = element("button", { type: "button", id: "gis-show-patrol", "aria-pressed": String(check.checked) }, say("在图上显示路线", "Show the route on the map"));
      button.addEventListener("click", () => { check.click(); });
      check.addEventListener("change", () => button.setAttribute("aria-pressed", String(check.checked)));
      box.append(button);
      said.textContent = work.summary;
    }).catch(() => { said.textContent = maps.words.failed; });
  }

  /* ---- Records: read, and added to ---- */
  function records() {
    if (!fire.records) return;
    const box = section("gis-records", say("预案、演练、巡查", "Plan, drills, patrols"));
    const at = (kind) => `/api/clusters/${fire.records.cluster}/${kind}?run=${fire.records.run}`;
    const RESULT = fire.records.results;
    const today = fire.today;
    const field = (name, label, attributes) => {
      const input = element(attributes.rows ? "textarea" : attributes.options ? "select" : "input", { name, id: "gis-f-" + name + attributes.in, ...attributes, options: null, in: null });
      for (const [value, text] of attributes.options || []) input.append(element("option", { value }, text));
      return element("label", {}, label, input);
    };
    const KINDS = {
      plans: {
        title: say("预案", "Plan"), add: say("登记新版本", "Add a version"),
        line: (r) => [say(`第 ${r.version} 版`, `Version ${r.version}`), r.dated, r.number, r.unit].filter(Boolean).join(" · "), text: (r) => r.body,
        fields: () => [field("dated", say("日期", "Date"), { type: "date", value: today, max: today, required: true, in: "p" }), field("number", say("文号", "Number"), { maxlength: 100, in: "p" }),
          field("unit", say("编制单位", "Unit"), { maxlength: 100, required: true, in: "p" }), field("body", say("内容", "Text"), { rows: 5, maxlength: 20000, required: true, in: "p" })],
      },
      drills: {
        title: say("演练", "Drills"), correct: "drill_id", add: say("登记演练", "Record a drill"),
        line: (r) => [r.dated, RESULT[r.result]].join(" · ") + (r.corrected ? say("（已更正）", " (corrected)") : ""), text: (r) => r.note,
        fields: () => [field("dated", say("日期", "Date"), { type: "date", value: today, max: today, required: true, in: "d" }), field("result", say("结果", "Result"), { options: Object.entries(RESULT), required: true, in: "d" }),
          field("note", say("备注", "Note"), { rows: 2, maxlength: 2000, in: "d" })],
      },
      patrols: {
        title: say("巡查", "Patrols"), correct: "patrol_id", add: say("登记巡查", "Record a patrol"),
        line: (r) => [r.dated, r.unit].join(" · ") + (r.corrected ? say("（已更正）", " (corrected)") : ""), text: (r) => window.gis.joined([r.found || say("未发现问题", "nothing found"), r.note].filter(Boolean)),
        fields: () => [field("dated", say("日期", "Date"), { type: "date", value: today, max: today, required: true, in: "w" }), field("unit", say("巡查单位（不写个人电话）", "Unit (no personal telephone)"), { maxlength: 100, required: true, in: "w" }),
          field("found", say("发现", "Found"), { rows: 2, maxlength: 2000, in: "w" }), field("note", say("备注", "Note"), { rows: 2, maxlength: 2000, in: "w" })],
      },
    };
    for (const [kind, how] of Object.entries(KINDS)) {
      const items = element("ul", { "aria-live": "polite" });
      const part = element("div", { class: "gis-record", id: "gis-" + kind }, element("h3", {}, how.title), items);
      let latest = 0, form = null, corrected = null;
      const entered = (r) => element("small", { class: "gis-note" }, ` ${say("登记", "entered by")} ${r.account || "—"} ${String(r.recorded_at).slice(0, 10)} `);
      /* A record is never changed: a further one corrects it. */
      const correct = (r) => {
        corrected = r[how.correct];
        for (const [name, value] of Object.entries(r)) if (form.elements[name]) form.elements[name].value = value ?? "";
        form.closest("details").open = true;
        form.querySelector("[role=status]").textContent = say(`正在更正 ${r.dated} 的记录`, `Correcting the record of ${r.dated}`);
        form.querySelector("input, select, textarea").focus();
      };
      const load = async () => {
        try {
          const page = await send("GET", at(kind));
          latest = Math.max(0, ...page.items.map((r) => r.version || 0));
          items.replaceChildren(...(page.items.length ? page.items.slice(0, 10).map((r) => element("li", {}, element("strong", {}, how.line(r)), entered(r), how.correct && !r.corrected && form ? element("button", { type: "button", onclick: () => correct(r) }, say("更正", "Correct")) : "", element("p", {}, how.text(r) || "")))
            : [element("li", {}, say("还没有记录", "Nothing recorded yet"))]));
        } catch (error) { items.replaceChildren(element("li", {}, error.message)); }
      };
      if (fire.records.write) {
        const said = element("p", { role: "status" });
        form = element("form", {}, ...how.fields(), element("button", { type: "submit" }, say("保存", "Save")), said);
        form.addEventListener("submit", async (event) => {
          event.preventDefault();
          const given = Object.fromEntries([...new FormData(form)].filter(([, value]) => String(value).trim() !== ""));
          if (kind === "plans") given.based_on = latest;
          if (corrected) given.corrects = corrected;
          said.textContent = say("正在保存…", "Saving…");
          try {
            await send("POST", at(kind), given);
            form.reset();
            corrected = null;
            await load();
            said.textContent = say("已保存", "Saved");
          } catch (error) { said.textContent = error.message; }
        });
        part.append(element("details", {}, element("summary", {}, how.add), form));
      }
      box.append(part);
      load();
    }
  }

  /* ---- The sheet: pages are set while one waits, and the page says so ---- */
  function sheet() {
    if (!fire.sheet) return;
    const box = section("gis-sheet", say("应急方案图表（PDF）", "Sheet (PDF)"));
    const said = element("span", { role: "status" });
    for (const paper of ["A4", "A3"]) {
      const button = element("button", { type: "button", id: "gis-sheet-" + paper }, say(`下载 ${paper}`, `Download ${paper}`));
      button.addEventListener("click", async () => {
        button.disabled = true;
        said.textContent = say(" 正在排版，大片区要十几秒…", " Setting pages; a large cluster takes some seconds…");
        try {
          const answer = await fetch(`${fire.sheet}&paper=${paper}`);
          if (!answer.ok) throw new Error(((await answer.json().catch(() => ({}))).error || {}).message || String(answer.status));
          const link = element("a", { href: URL.createObjectURL(await answer.blob()), download: `fire-${fire.records.cluster}-${paper}.pdf` });
          document.body.append(link);
          link.click();
          link.remove();
          setTimeout(() => URL.revokeObjectURL(link.href), 60000);
          said.textContent = say(" 已下载", " Downloaded");
        } catch (error) { said.textContent = " " + error.message; }
        button.disabled = false;
      });
      box.append(button, " ");
    }
    box.append(said);
  }

  slider();
  sheet();
  patrol();
  records();
  colours();
  list();
  // The county's page begins with what is ranked first; legend and slider follow.
  if (fire.clusters) (document.querySelector(".gis-facts") || document.getElementById("gis-search")).after(document.getElementById("gis-list"));
});
