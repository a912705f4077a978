/* The page of a plan: teams by days, the stops of one day, and what a change does; drawn on the map with colour and
   number. Who may plan drags a stop to another team or day, or moves it by its button; a file without a network
   only shows. */

import { byId, element, find } from "../dom.js";
import { send } from "../http.js";
import { counted } from "../language.js";
import L from "../leaflet.js";
import { tabs } from "../page/tabs.js";
import { wordsOf } from "../words.js";
import { layer, paint, restyle } from "./drawing.js";
import { files } from "./files.js";
import { redo } from "./redo.js";
import { item } from "./stop.js";
import { grid } from "./table.js";
import { versions } from "./versions.js";

export class Plan {
  /** @param {import("../page/maps.js").Maps} maps @param {any} data What web_map/plan.py wrote into the page. */
  constructor(maps, data) {
    /** @type {any} */
    this.show = null;
    /** @type {any} */
    this.byId = null;
    /** @type {any} The layer of the stops. */
    this.spec = null;
    /** @type {any} */
    this.marks = null;
    this.maps = maps;
    this.data = data;
    this.words = wordsOf().plan;
    this.zh = maps.config.lang !== "en";
    this.team = new Map(data.teams.map((t) => [t.name, t]));
    this.stops = new Map(data.stops.map((s) => [s.id, s]));
    this.cells = new Map(data.cells.map((c) => [`${c.team}/${c.day}`, c]));
    this.off = new Set(data.off.map(([t, d]) => `${t}/${d}`));
    /** @type {{team: string, day: string | null} | null} */
    this.chosen = null;
    this.build();
    layer(this);
    this.draw();
    if (!data.offline) setInterval(() => this.watch(), 4000);
    if (data.state === "making") this.wait(data.version);
  }

  short(day) {
    const [, m, d] = day.split("-");
    return this.say(this.words.date, this.zh ? { m: +m, d: +d } : { m, d });
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
  /** @param {any} cell A day of a team. @returns {string} When the team is back. */
  end(cell) {
    return this.say(this.words.back, { h: this.clock(cell.ends_s) });
  }
  /** @param {any} cell @returns {string} How many stops, how long, when back. */
  summary(cell) {
    return [`${cell.stops} ${this.words.stops}`, this.length(this.work(cell)), this.end(cell)].join(" · ");
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
    byId("gis-legend").before(home);
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
    if (this.data.may) parts.push({ id: "redo", name: w.redo, node: redo(this) });
    if (!this.data.offline)
      parts.push(
        { id: "versions", name: w.versions, node: versions(this) },
        { id: "files", name: w.files, node: files(this) },
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
    const tab = byId("tab-promises"),
      hard = this.data.broken.filter((b) => b.hard).length;
    tab.textContent = w.promises + (hard ? `（${hard}）` : "");
    tab.classList.toggle("plan-bad", hard > 0);
  }

  draw() {
    grid(this);
    this.day();
    paint(this);
  }

  choose(team, day) {
    const same = this.chosen && this.chosen.team === team && this.chosen.day === day;
    this.chosen = same ? null : { team, day };
    this.draw();
    if (!same) this.zoom();
  }

  zoom() {
    const some = this.of(this.chosen?.team, this.chosen?.day);
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
      cell ? element("small", {}, ` ${this.length(this.work(cell))} · ${this.end(cell)}`) : null,
    );
    const links = element("p", { class: "gis-links" });
    if (day && some.length && !this.data.offline) {
      const of = new URLSearchParams({ version: this.data.version, team, day });
      const at = `/api/plans/${this.data.id}/sheets?${of}&format=`;
      links.append(element("a", { href: `${at}pdf` }, w.sheet), element("a", { href: `${at}xlsx` }, w.sheetX));
    }
    const items = element("ol", { class: "plan-stops" });
    for (const stop of some) items.append(item(this, stop, !day));
    this.list.replaceChildren(head, links, items);
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
    byId("plan-publish-sure").focus();
  }

  async publish() {
    const done = await this.send("publish", {});
    if (done) location.reload();
  }

  /* Put an answer's days and stops in the place of what is shown. */
  take(done) {
    if (done.version !== this.data.version) {
      const head = find(".gis-head p");
      const shown = this.say(this.words.version, { v: done.version, s: this.words.states.draft });
      head.textContent = head.textContent.replace(new RegExp(this.words.anyVersion), shown);
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
    restyle(this);
    this.draw();
  }

  what(title, done) {
    const w = this.words,
      lines = [];
    for (const day of done.days) {
      const change = done.minutes[`${day.team}/${day.day}`];
      const sign = change > 0 ? "+" : change < 0 ? "−" : "±";
      lines.push(
        element(
          "li",
          {},
          this.say(w.minutes, { t: day.team, d: this.short(day.day), n: `${sign}${Math.abs(change)}` }) +
            (day.stops ? this.say(w.aside, { t: this.summary(day) }) : ""),
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
}
