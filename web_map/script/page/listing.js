/* The houses of a list: filtered, a page at a time from the service; what is shown stands in the address, a row brings
   its house near on the map, and a house asked for on the map marks its row. */
import { element } from "../dom.js";
import { send } from "../http.js";
import { fill, joined, language } from "../language.js";
import { drawn } from "../layers/drawn.js";
import { wordsOf } from "../words.js";

/** Milliseconds after the last letter of a text until it is asked for. */
const TYPING = 250;

/**
 * @typedef {{value: string, title: string, of?: string | null}} Option
 * @typedef {{field: string, kind: "flag" | "choice" | "number" | "text", label: string, options?: Option[],
 *   of?: string, initial?: string}} Filter  A choice `of` another field has the options of what is chosen there, whose
 *   `of` is its title; `initial` is what is asked for where the address says nothing.
 * @typedef {{building_id: string, name?: string, township?: string, village?: string, hazard_tier?: string,
 *   score?: number, duty?: string, reasons_text: string[], lon: number, lat: number}} Item
 * @typedef {{
 *   pages: string, file: string, ask: string, filters: Filter[], size: number,
 *   lead: {head: string, of: (item: Item) => string},
 * }} Spec  Addresses of the list's pages, of the list as a file, and of what is known of a house; how many rows a page
 *   has; what stands before each house.
 */

export class Listing {
  /** @param {import("./maps.js").Maps} maps @param {Spec} spec */
  constructor(maps, spec) {
    this.maps = maps;
    this.spec = spec;
    this.words = wordsOf().listing;
    this.table = element("div", { "aria-live": "polite" });
    this.turn = 0;
    const asked = new URL(location.href).searchParams;
    /** @type {Record<string, string>} What is shown: each filter, and the first row of the page. */
    this.state = { offset: asked.get("offset") ?? "" };
    for (const { field, initial } of spec.filters) this.state[field] = asked.get(field) ?? initial ?? "";
    /** Offers what may be chosen as things stand. @type {(() => void)[]} */
    this.offers = [];
    this.taken = element("a", { class: "gis-take", href: "#" }, `${this.words.take} xlsx`);
    this.node = element("div", {}, this.filters(), this.table);
  }

  /** @param {string} address @param {Record<string, any>} [more] @returns {string} With what is shown. */
  asked(address, more) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...this.state, ...more })) if (value !== "") query.set(name, value);
    if (language() === "en" && more?.format) query.set("lang", "en");
    return `${address}${address.includes("?") ? "&" : "?"}${query}`;
  }

  filters() {
    const controls = this.spec.filters.map((filter) => this[filter.kind](filter));
    for (const offer of this.offers) offer();
    return element("div", { class: "gis-filter gis-narrow" }, ...controls, this.taken);
  }

  /** @param {Filter} filter */
  flag({ field, label }) {
    const box = element("input", { type: "checkbox", checked: this.state[field] === "true" });
    box.addEventListener("change", () => this.set(field, String(box.checked)));
    return element("label", { class: "gis-whole" }, box, " ", label);
  }

  /** @param {Filter} filter */
  choice({ field, label, options = [], of }) {
    const select = element("select", { id: `gis-by-${field}` });
    select.addEventListener("change", () => this.set(field, select.value));
    const other = this.spec.filters.find((filter) => filter.field === of);
    this.offers.push(() => {
      const within = other?.options?.find((option) => option.value === this.state[other.field])?.title;
      select.replaceChildren(
        element("option", { value: "" }, this.words.all),
        ...options
          .filter((option) => !other || option.of === within)
          .map(({ value, title }) => element("option", { value, selected: this.state[field] === value }, title)),
      );
      select.disabled = Boolean(other) && !within;
    });
    return element("label", {}, label, " ", select);
  }

  /** @param {Filter} filter */
  number({ field, label }) {
    const value = this.state[field];
    const input = element("input", { type: "number", min: 0, max: 1000, value, "aria-label": label });
    input.addEventListener("change", () => this.set(field, input.value));
    return element("label", {}, label, " ", input);
  }

  /** @param {Filter} filter */
  text({ field, label }) {
    const value = this.state[field];
    const input = element("input", { type: "search", maxlength: 100, value, placeholder: label, "aria-label": label });
    input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.set(field, input.value), TYPING);
    });
    return input;
  }

  /** @param {string} field @param {string} value */
  set(field, value) {
    this.state[field] = value;
    this.state.offset = "";
    for (const filter of this.spec.filters) if (filter.of === field) this.state[filter.field] = "";
    for (const offer of this.offers) offer();
    this.read();
  }

  /* What is shown stands in the address: a link to it shows the same to whoever may see it. */
  remember() {
    const address = new URL(location.href);
    const initial = Object.fromEntries(this.spec.filters.map((filter) => [filter.field, filter.initial ?? ""]));
    for (const [field, value] of Object.entries(this.state)) {
      if (value === (initial[field] ?? "")) address.searchParams.delete(field);
      else address.searchParams.set(field, value);
    }
    history.replaceState(null, "", address);
  }

  /* What is shown first; it comes after the map, unless the reader has asked for something by then. */
  async begin() {
    this.offerFile();
    await drawn(this.maps.map);
    if (!this.turn) await this.read();
  }

  offerFile() {
    this.taken.href = this.asked(this.spec.file, { format: "xlsx", offset: "" });
  }

  async read() {
    const mine = ++this.turn;
    this.remember();
    this.offerFile();
    try {
      const found = await send("GET", this.asked(this.spec.pages, { limit: this.spec.size }));
      if (mine === this.turn) this.show(found);
    } catch (refusal) {
      if (mine === this.turn) this.table.replaceChildren(element("p", { class: "gis-bad" }, refusal.message));
    }
  }

  /** @param {{items: Item[], shown: number, totals: {total: number}, truncated: boolean}} found */
  show({ items, shown, totals: { total }, truncated }) {
    const from = Number(this.state.offset) || 0;
    if (!items.length) {
      this.table.replaceChildren(element("p", {}, this.words.empty));
      return;
    }
    const { size } = this.spec;
    const said =
      fill(this.words.shown, { from: from + 1, to: from + items.length, n: shown }) +
      (shown < total ? fill(this.words.narrowed, { total }) : "");
    const turn = (/** @type {number} */ to, /** @type {string} */ name, /** @type {boolean} */ disabled) => {
      const onclick = () => {
        this.state.offset = to ? String(to) : "";
        this.read().then(() => this.node.scrollIntoView({ block: "nearest" }));
      };
      return element("button", { type: "button", disabled, onclick }, name);
    };
    this.table.replaceChildren(
      element("p", { class: "gis-note" }, said),
      this.rows(items),
      element(
        "p",
        { class: "gis-pager" },
        turn(Math.max(0, from - size), this.words.before, !from),
        turn(from + size, this.words.after, !truncated),
      ),
    );
  }

  /** @param {Item[]} items */
  rows(items) {
    const heads = [this.spec.lead.head, this.words.house, this.words.reasons].map((name, i) =>
      element("th", { scope: "col", class: i ? "" : "num" }, name),
    );
    return element(
      "table",
      { class: "gis-table gis-houses" },
      element("thead", {}, element("tr", {}, ...heads)),
      element("tbody", {}, ...items.map((item) => this.line(item))),
    );
  }

  /** @param {Item} item */
  line(item) {
    const place = [item.township, item.village].filter(Boolean).join(" ");
    return element(
      "tr",
      {
        tabindex: 0,
        "data-house": item.building_id,
        onclick: () => this.go(item),
        onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && this.go(item),
      },
      element("td", { class: "num" }, this.spec.lead.of(item)),
      element("td", {}, item.name || item.building_id, element("br"), element("span", { class: "gis-note" }, place)),
      element(
        "td",
        { title: item.reasons_text.join("\n") },
        item.duty && element("strong", {}, item.duty),
        element("div", { class: "gis-why" }, joined(item.reasons_text)),
      ),
    );
  }

  /** List to map ... @param {Item} item */
  go(item) {
    this.mark(item.building_id);
    this.maps.go({ c: [item.lat, item.lon], ask: this.spec.ask, k: item.building_id });
  }

  /** ... and map to list. @param {string} house */
  mark(house) {
    for (const row of this.table.querySelectorAll("tr[data-house]")) {
      const on = row.dataset.house === house;
      row.classList.toggle("gis-on", on);
      if (on) row.scrollIntoView({ block: "nearest" });
    }
  }
}
