/* The page of a plan: teams by days, the stops of one day, and what a change does; drawn on the map with colour and number.
   Who may plan drags a stop to another team or day, or moves it by its button; a file without a network only shows. */
import { element } from "../dom.js";
import { send } from "../http.js";
import { counted } from "../language.js";
import { popup } from "../layers/facts.js";
import L from "../leaflet.js";
import { tabs } from "../page/tabs.js";
import { wordsOf } from "../words.js";

const URGENT = { 1: "u1", 2: "u2", 3: "u3", 4: "u4" };

export class Plan {
  constructor(maps, data) {
    this.maps = maps;
    this.data = data;
    this.words = wordsOf().plan;
    this.zh = maps.config.lang !== "en";
    this.team = new Map(data.teams.map((t) => [t.name, t]));
    this.stops = new Map(data.stops.map((s) => [s.id, s]));
    this.cells = new Map(data.cells.map((c) => [`${c.team}/${c.day}`, c]));
    this.off = new Set(data.off.map(([t, d]) => `${t}/${d}`));
    this.chosen = null; // {team, day}
    this.build();
    this.layer();
    this.draw();
    if (!data.offline) setInterval(() => this.watch(), 4000);
    if (data.state === "making") this.wait(data.version);
  }

  short(day) {
    const [, m, d] = day.split("-");
    return this.zh ? `${+m} 月 ${+d} 日` : day.slice(5);
  }
  say(text, values) {
    return text.replace(/\{(\w)\}/g, (_all, key) => values[key]);
  }
  length(minutes) {
    return this.say(this.words.hours, { h: Math.floor(minutes / 60), m: minutes % 60 });
  }
  clock(s) {
    return `${String(Math.floor(s / 3600)).padStart(2, "0")}:${String(Math.floor(s / 60) % 60).padStart(2, "0")}`;
  }
  work(cell) {
    return cell.minutes + Math.round(cell.travel_s / 60);
  }
  of(team, day) {
    return [...this.stops.values()]
      .filter((s) => (!team || s.team === team) && (!day || s.day === day))
      .sort((a, b) => a.day.localeCompare(b.day) || a.seq - b.seq);
  }

  build() {
    const w = this.words;
    this.told = element("div", { class: "plan-told", role: "status", id: "plan-told" });
    this.banner = element("div", { class: "plan-banner", role: "alert", id: "plan-banner" });
    this.table = element("div", {
      class: "gis-scroll plan-table",
      tabindex: "0",
      role: "region",
      "aria-label": w.plan,
    });
    this.list = element("div", { class: "plan-day", id: "plan-day" });
    this.faults = element("div", { id: "plan-faults" });
    const home = element("section", { id: "plan" }, this.banner);
    document.getElementById("gis-legend").before(home);
    this.bar = element("div", { class: "plan-bar" });
    this.tools();
    this.sure = element("div", { class: "plan-sure", id: "plan-sure", hidden: true });
    const main = element(
      "div",
      {},
      this.bar,
      this.sure,
      element("p", { class: "gis-note" }, this.data.may ? w.hint : w.read),
      this.told,
      this.table,
      this.list,
    );
    const parts = [
      { id: "plan", name: w.plan, node: main },
      { id: "promises", name: this.data.whole ? w.promises : w.figures, node: [this.faults, this.figures()] },
    ];
    if (this.data.may) parts.push({ id: "redo", name: w.redo, node: this.redo() });
    if (!this.data.offline)
      parts.push(
        { id: "versions", name: w.versions, node: this.versions() },
        { id: "files", name: w.files, node: this.files() },
      );
    this.show = tabs(home, parts);
    if (this.data.refusal) this.alert(w.failed + this.data.refusal[this.zh ? "zh" : "en"]);
    else if (!this.data.offline && this.data.version !== this.data.newest)
      this.alert(w.newer, element("a", { href: `/plans/${this.data.id}${this.zh ? "" : "?lang=en"}` }, w.open));
    this.promises();
  }

  /* What is published has nothing to take back; its first change begins a draft, which has. */
  tools() {
    const w = this.words;
    if (!this.data.may || this.data.state === "published") {
      this.bar.replaceChildren();
      return;
    }
    if (!this.bar.children.length) {
      this.bar.append(
        element("button", { type: "button", id: "plan-undo", onclick: () => this.undo() }, w.undo),
        element(
          "button",
          { type: "button", id: "plan-publish", class: "gis-main-button", onclick: () => this.askPublish() },
          w.publish,
        ),
      );
    }
  }

  alert(text, ...more) {
    this.banner.replaceChildren(element("p", {}, `${text} `, ...more));
  }

  figures() {
    const w = this.words,
      box = element("div", {});
    if (this.data.figures.length)
      box.append(
        element("h3", {}, w.figures),
        element(
          "dl",
          { class: "plan-figures" },
          ...this.data.figures.map(([k, v]) => element("div", {}, element("dt", {}, k), element("dd", {}, v))),
        ),
      );
    if (this.data.kept) box.append(element("p", {}, this.say(w.kept, { a: this.data.kept[0], b: this.data.kept[1] })));
    if (this.data.unplanned.length)
      box.append(
        element("h3", {}, counted(w.unplanned, this.data.unplanned.length)),
        element(
          "ul",
          { class: "plan-left" },
          ...this.data.unplanned.map((u) =>
            element("li", {}, `${u.name || u.building_id} `, element("small", {}, `${u.building_id} ${u.reason}`)),
          ),
        ),
      );
    return box;
  }

  promises() {
    const w = this.words;
    if (!this.data.whole) return; // of a part of the stops nobody can tell what the plan keeps
    const items = this.data.broken.map((b) =>
      element(
        "li",
        { class: b.hard ? "hard" : "" },
        element("strong", {}, `${b.hard ? w.broken : w.gave} `),
        this.zh ? b.zh : b.en,
      ),
    );
    this.faults.replaceChildren(
      items.length ? element("ul", { class: "plan-faults" }, ...items) : element("p", {}, w.none),
    );
    const tab = document.getElementById("tab-promises"),
      hard = this.data.broken.filter((b) => b.hard).length;
    tab.textContent = w.promises + (hard ? `（${hard}）` : "");
    tab.classList.toggle("plan-bad", hard > 0);
  }

  draw() {
    this.grid();
    this.day();
    this.paint();
  }

  grid() {
    const w = this.words,
      days = this.data.days;
    const months = [];
    for (const day of days) {
      const month = +day.split("-")[1];
      if (months.length && months[months.length - 1].month === month) months[months.length - 1].span += 1;
      else months.push({ month, span: 1 });
    }
    const head = element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("th", { scope: "col", rowspan: 2 }, w.team),
        ...months.map((m) =>
          element("th", { scope: "colgroup", colspan: m.span }, this.zh ? `${m.month} 月` : String(m.month)),
        ),
        element("th", { scope: "col", rowspan: 2 }, w.total),
      ),
      element(
        "tr",
        {},
        ...days.map((day) =>
          element(
            "th",
            { scope: "col", title: day },
            String(+day.split("-")[2]),
            element("small", {}, "日一二三四五六"[new Date(`${day}T00:00`).getDay()]),
          ),
        ),
      ),
    );
    const body = element("tbody");
    for (const team of this.data.teams) {
      const mine = this.of(team.name).length;
      const row = element(
        "tr",
        {},
        element(
          "th",
          { scope: "row" },
          element(
            "button",
            {
              type: "button",
              class: "plan-team",
              "aria-pressed": String(Boolean(this.chosen && this.chosen.team === team.name && !this.chosen.day)),
              title: team.members || team.name,
              onclick: () => this.choose(team.name, null),
            },
            element("span", { class: "plan-badge", style: { background: team.color } }, String(team.n)),
            team.name,
          ),
        ),
      );
      for (const day of days) row.append(this.cell(team, day));
      row.append(element("td", { class: "num" }, mine.toLocaleString()));
      body.append(row);
    }
    this.table.replaceChildren(element("table", { class: "plan-grid" }, head, body));
  }

  cell(team, day) {
    const w = this.words,
      key = `${team.name}/${day}`,
      known = this.cells.get(key),
      off = this.off.has(key);
    const count = known ? known.stops : 0,
      late = known && known.ends_s > this.data.closes_s,
      over = count > team.per_day;
    const on = this.chosen && this.chosen.team === team.name && this.chosen.day === day;
    const title =
      `${team.name} ${day}` +
      (count
        ? ` · ${count} ${w.stops} · ${this.length(this.work(known))} · ${this.say(w.back, { h: this.clock(known.ends_s) })}`
        : off
          ? ` · ${w.off}`
          : "");
    const button = element(
      "button",
      {
        type: "button",
        title,
        "aria-label": title,
        "aria-pressed": String(Boolean(on)),
        "data-team": team.name,
        "data-day": day,
        class: (count ? "full" : "") + (late || over || (off && count) ? " bad" : "") + (off ? " off" : ""),
        onclick: () => this.choose(team.name, day),
      },
      count ? String(count) : off ? "·" : "",
    );
    if (count) button.style.setProperty("--team", team.color);
    const cell = element("td", {}, button);
    if (this.data.may) {
      cell.addEventListener("dragover", (event) => {
        event.preventDefault();
        cell.classList.add("over");
      });
      cell.addEventListener("dragleave", () => cell.classList.remove("over"));
      cell.addEventListener("drop", (event) => {
        event.preventDefault();
        cell.classList.remove("over");
        this.move(event.dataTransfer.getData("text/plain"), team.name, day, null);
      });
    }
    return cell;
  }

  choose(team, day) {
    const same = this.chosen && this.chosen.team === team && this.chosen.day === day;
    this.chosen = same ? null : { team, day };
    this.draw();
    if (!same) this.zoom();
  }

  zoom() {
    const some = this.of(this.chosen.team, this.chosen.day);
    if (some.length)
      this.maps.map.fitBounds(L.latLngBounds(some.map((s) => s.c)).pad(0.1), { maxZoom: 17, animate: false });
  }

  /* The stops of the chosen day, in order; of the chosen team all of them. */
  day() {
    const w = this.words;
    if (!this.chosen) {
      this.list.replaceChildren();
      return;
    }
    const { team, day } = this.chosen,
      some = this.of(team, day),
      cell = day && this.cells.get(`${team}/${day}`);
    const head = element(
      "h3",
      {},
      element(
        "span",
        { class: "plan-badge", style: { background: this.team.get(team).color } },
        String(this.team.get(team).n),
      ),
      ` ${team}${day ? ` · ${this.short(day)}` : ""} · ${some.length} ${w.stops}`,
      cell
        ? element("small", {}, ` ${this.length(this.work(cell))} · ${this.say(w.back, { h: this.clock(cell.ends_s) })}`)
        : null,
    );
    const links = element("p", { class: "gis-links" });
    if (day && some.length && !this.data.offline) {
      const at = `/api/plans/${this.data.id}/sheets?version=${this.data.version}&team=${encodeURIComponent(team)}&day=${day}&format=`;
      links.append(element("a", { href: `${at}pdf` }, w.sheet), element("a", { href: `${at}xlsx` }, w.sheetX));
    }
    const items = element("ol", { class: "plan-stops" });
    for (const stop of some) items.append(this.item(stop, !day));
    this.list.replaceChildren(head, links, items);
  }

  item(stop, withDay) {
    const w = this.words,
      tier = this.data.tiers[stop.u];
    const marks = [];
    if (tier)
      marks.push(element("span", { class: `plan-mark ${URGENT[stop.u]}`, title: this.data.urgency[stop.u] }, tier));
    if (stop.pin[0] || stop.pin[1]) marks.push(element("span", { class: "plan-mark", title: w.pinT }, "📌"));
    if (stop.done) marks.push(element("span", { class: "plan-mark done", title: w.doneT }, "✓"));
    const may = this.data.may && !stop.done;
    const node = element(
      "li",
      { draggable: may ? "true" : null, "data-id": stop.id, class: stop.done ? "done" : "" },
      element("span", { class: "plan-seq" }, String(stop.seq)),
      element("span", { class: "plan-time" }, stop.arrive),
      element(
        "button",
        { type: "button", class: "plan-name", onclick: () => this.open(stop, node) },
        stop.title,
        ...marks,
        element(
          "small",
          {},
          ` ${withDay ? `${this.short(stop.day)} ` : ""}${stop.place}${stop.due ? ` · ${w.due} ${this.short(stop.due)}` : ""}`,
        ),
      ),
    );
    if (this.data.may) {
      const pinned = stop.pin[0] || stop.pin[1];
      const tools = element("span", { class: "plan-tools" });
      if (!stop.done)
        tools.append(
          element(
            "button",
            { type: "button", "aria-label": `${w.move} ${stop.title}`, onclick: () => this.form(stop, node) },
            w.move,
          ),
          element(
            "button",
            {
              type: "button",
              "aria-label": `${pinned ? w.unpin : w.pin} ${stop.title}`,
              onclick: () => this.pin(stop, !pinned),
            },
            pinned ? w.unpin : w.pin,
          ),
        );
      node.append(tools);
    }
    if (may) {
      node.addEventListener("dragstart", (event) => {
        event.dataTransfer.setData("text/plain", stop.id);
        event.dataTransfer.effectAllowed = "move";
        document.body.classList.add("plan-dragging");
      });
      node.addEventListener("dragend", () => document.body.classList.remove("plan-dragging"));
      if (!withDay) {
        node.addEventListener("dragover", (event) => {
          event.preventDefault();
          node.classList.add("over");
        });
        node.addEventListener("dragleave", () => node.classList.remove("over"));
        node.addEventListener("drop", (event) => {
          event.preventDefault();
          node.classList.remove("over");
          const id = event.dataTransfer.getData("text/plain");
          if (id !== stop.id) this.move(id, stop.team, stop.day, stop.seq);
        });
      }
    }
    return node;
  }

  /* What is known of a stop, below its line; the map goes there. */
  async open(stop, node) {
    const w = this.words,
      old = node.querySelector(".plan-more");
    this.maps.map.setView(stop.c, Math.max(this.maps.map.getZoom(), 17), { animate: false });
    if (old) {
      old.remove();
      return;
    }
    const box = element("div", { class: "plan-more" });
    node.append(box);
    let facts = stop;
    if (!stop.rows && !this.data.offline) {
      try {
        const got = await send(
          "GET",
          `/api/plans/${this.data.id}/stops?version=${this.data.version}&team=${encodeURIComponent(stop.team)}&day=${stop.day}`,
        );
        facts = got.items.find((one) => one.building_id === stop.id);
      } catch (error) {
        box.textContent = error.message;
        return;
      }
    }
    if (!facts) return;
    const reasons = facts.reasons || facts.why || [];
    box.append(
      element(
        "table",
        {},
        ...(facts.rows || []).map(([k, v]) =>
          element("tr", {}, element("th", { scope: "row" }, k), element("td", {}, v)),
        ),
      ),
    );
    if (reasons.length)
      box.append(element("p", {}, w.why), element("ul", {}, ...reasons.map((r) => element("li", {}, r))));
    if (!this.data.offline)
      box.append(
        element("p", { class: "gis-links" }, element("a", { href: `/house/${encodeURIComponent(stop.id)}` }, stop.id)),
      );
    if (this.data.may)
      box.append(
        element("button", { type: "button", onclick: () => this.done(stop) }, stop.done ? w.markOpen : w.markDone),
      );
  }

  form(stop, node) {
    const w = this.words,
      old = node.querySelector(".plan-move");
    if (old) {
      old.remove();
      return;
    }
    const team = element(
      "select",
      { name: "team", "aria-label": w.team },
      ...this.data.teams.map((t) =>
        element("option", { value: t.name, selected: t.name === stop.team }, `${t.n} ${t.name}`),
      ),
    );
    const day = element(
      "select",
      { name: "day", "aria-label": w.day },
      ...this.data.days.map((d) => element("option", { value: d, selected: d === stop.day }, this.short(d))),
    );
    const place = element("input", { type: "number", min: 1, max: 999, placeholder: w.best, "aria-label": w.place });
    const form = element(
      "form",
      {
        class: "plan-move",
        onsubmit: (event) => {
          event.preventDefault();
          this.move(stop.id, team.value, day.value, place.value ? Number(place.value) : null);
        },
      },
      `${w.to} `,
      team,
      day,
      place,
      element("button", { type: "submit", class: "gis-main-button" }, w.move),
    );
    node.append(form);
    team.focus();
  }

  async send(what, body) {
    const began = performance.now();
    try {
      const answer = await send("POST", `/api/plans/${this.data.id}/${what}`, {
        version: this.data.version,
        revision: this.data.revision,
        ...body,
      });
      this.took = performance.now() - began;
      return answer;
    } catch (error) {
      if (error.status === 409)
        this.alert(
          error.message,
          element("button", { type: "button", onclick: () => location.reload() }, this.words.reload),
        );
      else this.tell(error.message, true);
      return null;
    }
  }

  tell(text, bad, ...more) {
    this.told.replaceChildren(element("p", { class: bad ? "gis-bad" : "" }, text), ...more);
  }

  async move(id, team, day, seq) {
    if (!this.stops.has(id)) return;
    const done = await this.send("moves", { building_id: id, team, day, seq });
    if (done) {
      this.take(done);
      this.what(this.say(this.words.moved, { t: team, d: this.short(day) }), done);
    }
  }

  async pin(stop, on) {
    const done = await this.send("pins", { building_id: stop.id, team: on, day: on });
    if (done) {
      this.take(done);
      this.tell(on ? this.words.pinned : this.words.released);
    }
  }

  async done(stop) {
    const done = await this.send("done", { houses: [stop.id], done: !stop.done });
    if (done) {
      this.take(done);
      this.tell(this.words.done);
    }
  }

  async undo() {
    const done = await this.send("undo", {});
    if (done) {
      this.take(done);
      this.what(this.words.undone, done);
    }
  }

  askPublish() {
    const w = this.words,
      hard = this.data.broken.filter((b) => b.hard);
    this.sure.hidden = false;
    this.sure.replaceChildren(
      element("p", {}, w.publishHint),
      hard.length
        ? element("p", { class: "gis-bad" }, this.say(w.hard, { n: hard.length }) + (this.zh ? hard[0].zh : hard[0].en))
        : "",
      element(
        "button",
        { type: "button", class: "gis-main-button", id: "plan-publish-sure", onclick: () => this.publish() },
        w.publishSure,
      ),
      element(
        "button",
        {
          type: "button",
          onclick: () => {
            this.sure.hidden = true;
          },
        },
        w.cancel,
      ),
    );
    document.getElementById("plan-publish-sure").focus();
  }

  async publish() {
    const done = await this.send("publish", {});
    if (done) location.reload();
  }

  /* Put an answer's days and stops in the place of what is shown. */
  take(done) {
    if (done.version !== this.data.version) {
      const head = document.querySelector(".gis-head p");
      head.textContent = this.zh
        ? head.textContent.replace(/第 \d+ 版（[^）]*）/, `第 ${done.version} 版（${this.words.states.draft}）`)
        : head.textContent.replace(/version \d+ \([^)]*\)/, `version ${done.version} (${this.words.states.draft})`);
      this.data.state = "draft";
      this.tools();
    }
    this.data.version = done.version;
    this.data.newest = done.version;
    this.data.revision = done.revision;
    for (const day of done.days) this.cells.set(`${day.team}/${day.day}`, day);
    for (const row of done.stops) {
      const stop = this.stops.get(row.building_id);
      if (stop)
        Object.assign(stop, {
          team: row.team,
          day: row.day,
          seq: row.seq,
          arrive: row.arrive.slice(0, 5),
          leave: row.leave.slice(0, 5),
          pin: [row.pin_team, row.pin_day],
          done: row.done,
        });
    }
    const other = new Set([...done.mended, ...done.still].map((b) => b.key));
    this.data.broken = [...done.broken, ...done.still, ...this.data.broken.filter((b) => !other.has(b.key))].sort(
      (a, b) => Number(b.hard) - Number(a.hard),
    );
    this.promises();
    this.restyle();
    this.draw();
  }

  what(title, done) {
    const w = this.words,
      lines = [];
    for (const day of done.days) {
      const change = done.minutes[`${day.team}/${day.day}`];
      lines.push(
        element(
          "li",
          {},
          `${this.say(w.minutes, { t: day.team, d: this.short(day.day), n: (change > 0 ? "+" : change < 0 ? "−" : "±") + Math.abs(change) })}` +
            (day.stops
              ? `（${day.stops} ${w.stops}，${this.length(this.work(day))}，${this.say(w.back, { h: this.clock(day.ends_s) })}）`
              : ""),
        ),
      );
    }
    for (const b of done.broken) lines.push(element("li", { class: "gis-bad" }, w.newly + (this.zh ? b.zh : b.en)));
    for (const b of done.still) lines.push(element("li", {}, w.still + (this.zh ? b.zh : b.en)));
    for (const b of done.mended) lines.push(element("li", { class: "plan-good" }, w.mended + (this.zh ? b.zh : b.en)));
    this.tell(title, false, element("ul", {}, ...lines));
  }

  /* Somebody else may have changed the plan meanwhile: say so before this page tries to. */
  async watch() {
    if (document.hidden) return;
    const answer = await fetch(`/api/plans/${this.data.id}/state`, { headers: { Accept: "application/json" } }).catch(
      () => null,
    );
    if (!answer?.ok) return;
    const now = await answer.json();
    if (now.state === "failed" || this.waiting) return;
    const older =
      now.version > this.data.newest ||
      (now.version === this.data.version &&
        (now.revision !== this.data.revision || (now.state !== this.data.state && this.data.state !== "making")));
    if (!older || (this.data.state === "published" && now.version === this.data.version && now.state === "published"))
      return;
    const at = new Date(now.changed_at).toTimeString().slice(0, 5),
      w = this.words;
    this.alert(
      this.say(now.state === "published" ? w.otherPublished : w.other, { w: now.changed_by || "—", t: at }),
      element(
        "button",
        {
          type: "button",
          onclick: () => {
            location.href = `/plans/${this.data.id}${this.zh ? "" : "?lang=en"}`;
          },
        },
        w.reload,
      ),
    );
  }

  /* A version is being made: ask until it is done, then show it. */
  async wait(version) {
    this.waiting = true;
    this.alert(this.words.making, element("a", { href: `/jobs${this.zh ? "" : "?lang=en"}` }, this.words.jobs));
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const answer = await fetch(`/api/plans/${this.data.id}/state`, { headers: { Accept: "application/json" } }).catch(
        () => null,
      );
      if (!answer?.ok) continue;
      const now = await answer.json();
      if (now.version === version && now.state === "making") continue;
      this.waiting = false;
      if (now.state === "failed") {
        this.alert(this.words.failed + (now.refusal ? now.refusal[this.zh ? "zh" : "en"] : ""));
        return;
      }
      location.href = `/plans/${this.data.id}${this.zh ? "" : "?lang=en"}`;
      return;
    }
  }

  redo() {
    const w = this.words,
      names = () =>
        element(
          "select",
          {},
          element("option", { value: "" }, "—"),
          ...this.data.teams.map((t) => element("option", { value: t.name }, `${t.n} ${t.name}`)),
        );
    const label = (text, ...nodes) => element("p", {}, element("label", {}, element("span", {}, text), ...nodes));
    const first = this.data.days[0] || this.data.start;
    const from = element("input", { type: "date", value: first, id: "redo-from" }),
      through = element("input", { type: "date", id: "redo-through" });
    const goneT = names(),
      goneD = element("input", { type: "date", value: first, "aria-label": w.day });
    const joinT = element("input", { type: "text", maxlength: 60, placeholder: w.name }),
      joinD = element("input", { type: "date", value: first, "aria-label": w.day });
    const slowT = names(),
      slowN = element("input", { type: "number", min: 1, max: 1000, placeholder: w.perDay, "aria-label": w.perDay });
    const run = element("input", { type: "number", min: 1 }),
      houses = element("input", { type: "text", maxlength: 4000 });
    goneT.id = "redo-gone";
    const form = element(
      "form",
      {
        class: "plan-form",
        onsubmit: async (event) => {
          event.preventDefault();
          const body = {
            from_day: from.value,
            done_through: through.value || null,
            gone: goneT.value ? [{ team: goneT.value, day: goneD.value }] : [],
            joins: joinT.value ? [{ team: joinT.value, day: joinD.value }] : [],
            slower: slowT.value ? [{ team: slowT.value, per_day: Number(slowN.value) || 1 }] : [],
            add_run: run.value ? Number(run.value) : null,
            add_houses: houses.value.split(/[\s,，;；]+/).filter(Boolean),
          };
          const done = await this.send("replan", body);
          if (done) {
            this.show("plan");
            this.wait(done.version);
          } else this.show("plan");
        },
      },
      element("p", { class: "gis-note" }, w.goHint),
      label(w.from, from),
      label(w.through, through),
      label(w.gone, goneT, goneD),
      label(w.joins, joinT, joinD),
      label(w.slower, slowT, slowN),
      label(w.addRun, run),
      label(w.addHouses, houses),
      element("button", { type: "submit", class: "gis-main-button" }, w.go),
    );
    const one = names(),
      two = names(),
      on = element(
        "select",
        { "aria-label": w.day },
        ...this.data.days.map((d) => element("option", { value: d }, this.short(d))),
      );
    const share = element(
      "form",
      {
        class: "plan-form",
        id: "plan-share",
        onsubmit: async (event) => {
          event.preventDefault();
          const done = await this.send("shares", { day: on.value, teams: [one.value || "—", two.value || "—"] });
          this.show("plan");
          if (done) {
            this.take(done);
            this.what(`${w.shareGo} ${one.value}、${two.value} ${this.short(on.value)}`, done);
          }
        },
      },
      element("h3", {}, w.share),
      element("p", {}, on, one, two, element("button", { type: "submit" }, w.shareGo)),
    );
    return element("div", {}, form, share);
  }

  versions() {
    const w = this.words,
      box = element("div", {}),
      all = this.data.versions;
    const rows = all.map((v) =>
      element(
        "tr",
        { class: v.version === this.data.version ? "gis-on" : "" },
        element(
          "td",
          {},
          element(
            "a",
            { href: `/plans/${this.data.id}?version=${v.version}${this.zh ? "" : "&lang=en"}` },
            `v${v.version}`,
          ),
        ),
        element("td", {}, w.origins[v.origin]),
        element("td", {}, w.states[v.state] + (v.in_force ? ` · ${w.inForce}` : "")),
        element("td", {}, v.by || ""),
        element("td", {}, v.at),
        element(
          "td",
          {},
          v.refusal ? v.refusal[this.zh ? "zh" : "en"] : v.kept ? this.say(w.kept, { a: v.kept[0], b: v.kept[1] }) : "",
        ),
      ),
    );
    box.append(
      element("div", { class: "gis-scroll" }, element("table", { class: "gis-table" }, element("tbody", {}, ...rows))),
    );
    const good = all.filter((v) => v.state === "draft" || v.state === "published");
    if (good.length > 1) {
      const pick = (chosen) =>
        element(
          "select",
          {},
          ...good.map((v) => element("option", { value: v.version, selected: v.version === chosen }, `v${v.version}`)),
        );
      const a = pick(good[1].version),
        b = pick(good[0].version),
        out = element("div", { id: "plan-compare", "aria-live": "polite" });
      a.setAttribute("aria-label", w.compare);
      b.setAttribute("aria-label", w.against);
      box.append(
        element(
          "form",
          {
            class: "plan-form",
            onsubmit: async (event) => {
              event.preventDefault();
              try {
                this.compared(
                  out,
                  await send("GET", `/api/plans/${this.data.id}/compare?before=${a.value}&after=${b.value}`),
                );
              } catch (error) {
                out.textContent = error.message;
              }
            },
          },
          element("p", {}, a, ` ${w.against} `, b, " ", element("button", { type: "submit" }, w.compare)),
        ),
        out,
      );
    }
    if (this.data.may && !all.some((v) => v.state === "published")) {
      const sure = element(
        "button",
        {
          type: "button",
          hidden: true,
          onclick: async () => {
            try {
              await send("DELETE", `/api/plans/${this.data.id}`);
              location.href = `/plans${this.zh ? "" : "?lang=en"}`;
            } catch (error) {
              this.alert(error.message);
            }
          },
        },
        w.eraseSure,
      );
      box.append(
        element(
          "p",
          { class: "plan-bar" },
          element(
            "button",
            {
              type: "button",
              onclick: () => {
                sure.hidden = false;
                sure.focus();
              },
            },
            w.erase,
          ),
          sure,
        ),
      );
    }
    return box;
  }

  compared(out, answer) {
    const w = this.words,
      n = answer.counts;
    const teams = Object.entries(answer.teams).map(([name, c]) =>
      element("li", {}, `${name}：${w.leave} ${c.leave}，${w.come} ${c.come}`),
    );
    const items = answer.items
      .slice(0, 200)
      .map((i) =>
        element(
          "li",
          {},
          `${this.stops.get(i.building_id)?.title || i.building_id}：`,
          i.change === "moved"
            ? `${i.team_before} ${this.short(i.day_before)} → ${i.team_after} ${this.short(i.day_after)}`
            : i.change === "new"
              ? `${w.new_} ${i.team_after} ${this.short(i.day_after)}`
              : `${w.gone_} ${i.team_before} ${this.short(i.day_before)}`,
        ),
      );
    out.replaceChildren(
      element("p", {}, `${w.new_} ${n.new}，${w.gone_} ${n.gone}，${w.moved_} ${n.moved}，${w.same} ${n.same}`),
      element("ul", {}, ...teams),
      element("ul", { class: "plan-left" }, ...items),
    );
  }

  files() {
    const w = this.words,
      at = `/api/plans/${this.data.id}`,
      v = `version=${this.data.version}`,
      lang = this.zh ? "" : "&lang=en";
    const link = (text, href) => element("a", { href }, text);
    return element(
      "div",
      { class: "plan-files" },
      element("h3", {}, w.whole),
      element(
        "p",
        { class: "gis-links" },
        link("xlsx", `${at}/export?${v}&format=xlsx`),
        link("GeoPackage (QField)", `${at}/export?${v}&format=gpkg`),
        link("GeoJSON", `${at}/export?${v}&format=geojson`),
        link("html", `/plans/${this.data.id}/offline?${v}${lang}`),
      ),
      element("h3", {}, w.perTeam),
      element(
        "p",
        { class: "gis-links" },
        ...this.data.teams.map((t) =>
          link(`${t.n} ${t.name}`, `/plans/${this.data.id}/offline?${v}&team=${encodeURIComponent(t.name)}${lang}`),
        ),
      ),
      element("h3", {}, w.sheets),
      element(
        "ul",
        {},
        ...this.data.teams.map((t) =>
          element(
            "li",
            {},
            `${t.n} ${t.name} `,
            link("PDF", `${at}/sheets?${v}&team=${encodeURIComponent(t.name)}`),
            " ",
            link("xlsx", `${at}/sheets?${v}&team=${encodeURIComponent(t.name)}&format=xlsx`),
          ),
        ),
      ),
    );
  }

  /* All stops as dots in their team's colour; what is chosen carries numbers, a day its way too. */
  layer() {
    const values = {};
    for (const t of this.data.teams)
      values[t.name] = { color: "#ffffff", weight: 1, fill: true, fillColor: t.color, fillOpacity: 0.95, radius: 5 };
    this.spec = {
      id: "stops",
      name: this.words.legend,
      features: this.data.stops.map((s) => ({
        g: s.c,
        c: s.c,
        k: s.id,
        p: { team: s.team },
        f: { title: "", rows: [] },
      })),
      style: {
        by: "team",
        values,
        fallback: { color: "#fff", weight: 1, fillColor: "#5a6675", fill: true, radius: 4 },
      },
      keys: [],
    };
    this.maps.add(this.spec);
    this.byId = new Map(this.spec.features.map((f) => [f.k, f]));
    this.badges();
    this.marks = L.layerGroup().addTo(this.maps.map);
    this.restyle();
  }

  /* Each territory carries its team's number and name, on its colour. */
  badges() {
    const spec = this.maps.config.layers.find((one) => one.id === "territories");
    for (const feature of spec ? spec.features : []) {
      const t = this.team.get(feature.p.team);
      if (!t || !feature.c) continue;
      const html = element("div", { class: "plan-flag", style: { background: t.color } }, `${t.n} ${t.name}`);
      L.marker(feature.c, {
        icon: L.divIcon({ className: "", iconSize: [0, 0], html }),
        pane: "gis-labels",
        interactive: false,
        keyboard: false,
      }).addTo(this.maps.map);
    }
  }

  restyle() {
    for (const [id, f] of this.byId) {
      const s = this.stops.get(id),
        w = this.words;
      f.p.team = s.team;
      f.f = {
        title: s.title,
        rows: [
          [w.team, `${this.team.get(s.team).n} ${s.team}`],
          [w.day, this.short(s.day)],
          ["№", `${s.seq} · ${s.arrive}–${s.leave}`],
          [this.zh ? "缓急" : "urgency", this.data.urgency[s.u]],
        ],
        reasons: s.why,
        links: this.data.offline ? [] : [[s.id, `/house/${encodeURIComponent(s.id)}`]],
      };
    }
    this.maps.layer("stops").restyle();
  }

  paint() {
    this.marks.clearLayers();
    if (!this.chosen) return;
    const { team, day } = this.chosen,
      t = this.team.get(team),
      some = this.of(team, day);
    const ordinal = new Map([...new Set(this.of(team).map((s) => s.day))].sort().map((d, k) => [d, k + 1]));
    if (day && some.length) {
      const way = [...(t.home ? [t.home] : []), ...some.map((s) => s.c), ...(t.home ? [t.home] : [])];
      this.marks.addLayer(L.polyline(way, { color: t.color, weight: 2.5, dashArray: "6 5", interactive: false }));
      if (t.home)
        this.marks.addLayer(
          L.marker(t.home, {
            icon: L.divIcon({
              className: "",
              iconSize: [22, 22],
              html: element("div", { class: "plan-home" }, this.zh ? "起" : "S"),
            }),
            interactive: false,
            keyboard: false,
          }),
        );
    }
    for (const s of some) {
      const icon = L.divIcon({
        className: "",
        iconSize: [22, 22],
        html: element(
          "div",
          { class: `plan-number${s.done ? " done" : ""}`, style: { background: t.color } },
          String(day ? s.seq : ordinal.get(s.day)),
        ),
      });
      this.marks.addLayer(
        L.marker(s.c, { icon, title: `${s.seq} ${s.title}`, alt: `${s.seq} ${s.title}`, keyboard: false }).bindPopup(
          () => popup(this.byId.get(s.id).f),
        ),
      );
    }
  }
}
