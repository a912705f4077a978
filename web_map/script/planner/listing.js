/* The houses of a list: a page at a time from the service, filtered; what is shown stands in the address. */
import { element } from "../dom.js";
import { send } from "../http.js";
import { fill, joined } from "../language.js";
import L from "../leaflet.js";
import { wordsOf } from "../words.js";

const PAGE = 100;
const FIELDS = ["operating", "township", "village", "tier", "min_score", "q", "offset"];

export class Listing {
  constructor(planner) {
    this.planner = planner;
    this.words = wordsOf().listing;
    this.dots = L.layerGroup().addTo(planner.maps.map);
    this.table = element("div", { "aria-live": "polite" });
    this.turn = 0;
    /** Offer the villages of the township that is chosen. */
    this.villages = () => {};
    this.state = this.fromAddress();
    this.node = element("div", {}, ...(planner.run ? [this.filters()] : []), this.table);
  }

  fromAddress() {
    const asked = new URL(location.href).searchParams;
    /** @type {Record<string, string>} */
    const state = Object.fromEntries(FIELDS.filter((f) => asked.has(f)).map((f) => [f, asked.get(f) ?? ""]));
    if (!("operating" in state)) state.operating = "true"; // the notice's lists are of operating houses
    return state;
  }

  query(more) {
    const asked = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...this.state, ...more }))
      if (value !== "" && value !== undefined) asked.set(name, value);
    if (this.planner.maps.config.lang === "en") asked.set("lang", "en");
    return asked;
  }

  filters() {
    const spec = (name) => this.planner.spec.house.find((one) => one.name === name).options || [];
    const choose = (field, label, options) => {
      const select = element(
        "select",
        { id: `gis-by-${field}` },
        element("option", { value: "" }, this.words.all),
        ...options.map((o) => element("option", { value: o.value, selected: this.state[field] === o.value }, o.title)),
      );
      select.addEventListener("change", () => this.set(field, select.value));
      return [element("label", {}, label, " ", select), select];
    };
    const townships = spec("unit_code"),
      all = spec("village_code");
    const [town] = choose("township", this.words.township, townships);
    const [village, of] = choose("village", this.words.village, []);
    this.villages = () => {
      const name = townships.find((t) => t.value === this.state.township)?.title;
      of.replaceChildren(
        element("option", { value: "" }, this.words.all),
        ...all
          .filter((v) => v.of === name)
          .map((v) => element("option", { value: v.value, selected: this.state.village === v.value }, v.title)),
      );
      of.disabled = !name;
    };
    this.villages();
    const [tier] = choose("tier", this.words.tier, spec("hazard_tier"));
    const box = element("input", { type: "checkbox", checked: this.state.operating === "true" });
    box.addEventListener("change", () => this.set("operating", String(box.checked)));
    const score = element("input", {
      type: "number",
      min: 0,
      max: 1000,
      value: this.state.min_score || "",
      "aria-label": this.words.least,
    });
    score.addEventListener("change", () => this.set("min_score", score.value));
    const find = element("input", {
      type: "search",
      maxlength: 100,
      value: this.state.q || "",
      placeholder: this.words.find,
      "aria-label": this.words.find,
    });
    find.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.set("q", find.value), 250);
    });
    this.taken = element("a", { class: "gis-take", href: "#" }, `${this.words.take} xlsx`);
    return element(
      "div",
      { class: "gis-filter gis-narrow" },
      element("label", { class: "gis-whole" }, box, " ", this.words.operating),
      town,
      village,
      tier,
      element("label", {}, this.words.least, " ", score),
      find,
      this.taken,
    );
  }

  set(field, value) {
    this.state[field] = value;
    this.state.offset = "";
    if (field === "township") {
      this.state.village = "";
      this.villages();
    }
    this.read();
  }

  /* What is shown stands in the address: a link to it shows the same to whoever may see it. */
  remember() {
    const address = new URL(location.href);
    for (const field of FIELDS) {
      const value = this.state[field];
      if (value === "" || value === undefined || (field === "operating" && value === "true"))
        address.searchParams.delete(field);
      else address.searchParams.set(field, value);
    }
    history.replaceState(null, "", address);
  }

  async read() {
    if (!this.planner.run) {
      this.table.replaceChildren(element("p", {}, this.words.none));
      return;
    }
    const mine = ++this.turn;
    this.remember();
    if (this.taken) {
      const asked = this.query({ format: "xlsx", offset: "" });
      this.taken.href = `/api/selections/${this.planner.run}/export?${asked}`;
    }
    try {
      const found = await send("GET", `/api/selections/${this.planner.run}?${this.query({ limit: PAGE })}`);
      if (mine !== this.turn) return;
      this.show(found);
    } catch (refusal) {
      if (mine === this.turn) this.table.replaceChildren(element("p", { class: "gis-bad" }, refusal.message));
    }
  }

  show(found) {
    const from = Number(this.state.offset) || 0,
      total = found.totals.total;
    this.dots.clearLayers();
    if (!found.items.length) {
      this.table.replaceChildren(element("p", {}, this.words.empty));
      return;
    }
    const said =
      fill(this.words.shown, { from: from + 1, to: from + found.items.length, n: found.shown }) +
      (found.shown < total ? fill(this.words.narrowed, { total }) : "");
    const turn = (to, name, off) =>
      element(
        "button",
        {
          type: "button",
          disabled: off,
          onclick: () => {
            this.state.offset = to ? String(to) : "";
            this.read().then(() => this.table.scrollIntoView({ block: "nearest" }));
          },
        },
        name,
      );
    this.table.replaceChildren(
      element("p", { class: "gis-note" }, said),
      this.rows(found.items),
      element(
        "p",
        { class: "gis-pager" },
        turn(Math.max(0, from - PAGE), this.words.before, !from),
        turn(from + PAGE, this.words.after, !found.truncated),
      ),
    );
  }

  /* The houses in a drawing that is not saved, as dots too. */
  preview(items, total) {
    this.turn += 1;
    this.dots.clearLayers();
    const dot = { radius: 4, weight: 1.5, color: "#fff", fillColor: "#d7301f", fillOpacity: 1, interactive: false };
    for (const item of items) L.circleMarker([item.lat, item.lon], dot).addTo(this.dots);
    this.table.replaceChildren(
      element("p", { class: "gis-note" }, fill(this.words.preview, { n: items.length, total })),
      items.length ? this.rows(items) : element("p", {}, this.words.empty),
    );
    this.planner.show("list");
  }

  rows(items) {
    const heads = [this.words.score, this.words.house, this.words.reasons].map((name, i) =>
      element("th", { scope: "col", class: i ? "" : "num" }, name),
    );
    return element(
      "table",
      { class: "gis-table gis-houses" },
      element("thead", {}, element("tr", {}, ...heads)),
      element("tbody", {}, ...items.map((item) => this.line(item))),
    );
  }

  line(item) {
    const place = [item.township, item.village].filter(Boolean).join(" ");
    return element(
      "tr",
      {
        tabindex: 0,
        "data-house": item.building_id,
        onclick: () => this.go(item),
        onkeydown: (event) => {
          if (event.key === "Enter") this.go(item);
        },
      },
      element("td", { class: "num" }, String(item.score)),
      element("td", {}, item.name || item.building_id, element("br"), element("span", { class: "gis-note" }, place)),
      element(
        "td",
        { title: item.reasons_text.join("\n") },
        element("div", { class: "gis-why" }, joined(item.reasons_text)),
      ),
    );
  }

  /* List to map ... */
  go(item) {
    this.mark(item.building_id);
    this.planner.maps.go({
      c: [item.lat, item.lon],
      ask: `/api/selections/${this.planner.run}/buildings/`,
      k: item.building_id,
    });
  }

  /* ... and map to list. */
  mark(house) {
    for (const row of this.table.querySelectorAll("tr[data-house]")) {
      const on = row.dataset.house === house;
      row.classList.toggle("gis-on", on);
      if (on) row.scrollIntoView({ block: "nearest" });
    }
  }
}
