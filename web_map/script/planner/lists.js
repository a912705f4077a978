/* The lists there are: which is the county's, who made the others and of what; two of them compared. */
import { element } from "../dom.js";
import { send } from "../http.js";
import { fill, joined, langQuery, whole } from "../language.js";
import L from "../leaflet.js";
import { wordsOf } from "../words.js";

/* Colour and sign: they must be told apart on a grey print too. */
const KINDS = [
  ["new", "#0b7a3b", "+"],
  ["gone", "#a3001b", "−"],
  ["changed", "#8a5a00", "~"],
];
const SHOWN = 200;

export class Lists {
  constructor(planner) {
    this.planner = planner;
    this.words = wordsOf().lists;
    this.marks = L.layerGroup().addTo(planner.maps.map);
    this.told = element("p", { class: "gis-told", role: "status" });
    const lists = planner.spec.lists;
    this.node = element(
      "div",
      {},
      this.told,
      lists.length
        ? element("ul", { class: "gis-lists" }, ...lists.map((one) => this.line(one)))
        : element("p", {}, this.words.none),
      ...(lists.length > 1 ? this.comparison(lists) : []),
    );
  }

  address(run) {
    const english = this.planner.maps.config.lang === "en" ? "&lang=en" : "";
    return `/map/planner?run=${run}${english}`;
  }

  line(one) {
    const { spec } = this.planner,
      here = one.run_id === spec.run;
    const buttons = [],
      deed = one.published ? "withdraw" : "publish";
    const sure = element("p", { class: "gis-sure", role: "alert" });
    if (spec.may_publish)
      buttons.push(
        element("button", { type: "button", onclick: () => this.question(sure, one, deed) }, this.words[deed]),
      );
    return element(
      "li",
      { class: one.published ? "gis-published" : "" },
      element(
        "p",
        {},
        element("strong", {}, one.name || `#${one.run_id}`),
        " ",
        element("span", { class: "gis-mark" }, one.published ? this.words.published : this.words.draft),
        " ",
        fill(this.words.n, { n: one.n }),
      ),
      element("p", { class: "gis-note" }, one.sentence),
      element("p", { class: "gis-note" }, `#${one.run_id} · ${one.by} · ${one.at}`),
      element(
        "p",
        { class: "gis-buttons" },
        here ? element("em", {}, this.words.shown) : element("a", { href: this.address(one.run_id) }, this.words.open),
        ...buttons,
      ),
      sure,
    );
  }

  /* Both change what everybody sees: what will happen is said before it does. */
  question(home, one, deed) {
    const yes = element(
      "button",
      { type: "button", class: "gis-main-button", onclick: () => this.change(one, deed) },
      this.words.yes,
    );
    home.replaceChildren(
      fill(this.words[`sure_${deed}`], { run: String(one.run_id), n: one.n }),
      " ",
      yes,
      " ",
      element("button", { type: "button", onclick: () => home.replaceChildren() }, this.words.no),
    );
    yes.focus();
  }

  async change(one, deed) {
    try {
      await send("POST", `/api/selections/${one.run_id}/${deed}`, {});
      location.assign(this.address(one.run_id));
    } catch (refusal) {
      this.told.textContent = refusal.message;
      this.told.classList.add("gis-bad");
    }
  }

  comparison(lists) {
    const ordered = [...lists].sort((a, b) => b.run_id - a.run_id);
    const options = () =>
      ordered.map((one) =>
        element(
          "option",
          { value: one.run_id },
          fill(this.words.option, { run: String(one.run_id), name: one.name && ` ${one.name}`, at: one.at, n: one.n }),
        ),
      );
    const before = element("select", { id: "gis-before" }, ...options()),
      after = element("select", { id: "gis-after" }, ...options());
    after.value = String(this.planner.spec.run || ordered[0].run_id);
    const older =
      lists.find((one) => one.published && String(one.run_id) !== after.value) ||
      ordered.find((one) => one.run_id < Number(after.value)) ||
      ordered.at(-1);
    before.value = String(older.run_id);
    const result = element("div", { "aria-live": "polite" });
    const compare = async (event) => {
      event.preventDefault();
      result.replaceChildren(this.words.waiting);
      this.marks.clearLayers();
      try {
        const address = `/api/selections/${before.value}/compare/${after.value}`;
        this.differences(result, await send("GET", address + langQuery()), address);
      } catch (refusal) {
        result.replaceChildren(element("p", { class: "gis-bad" }, refusal.message));
      }
    };
    const form = element(
      "form",
      { class: "gis-compare", onsubmit: compare },
      element("h2", {}, this.words.compare),
      element("p", {}, element("label", { for: "gis-before" }, `${this.words.before} `), before),
      element("p", {}, element("label", { for: "gis-after" }, `${this.words.after} `), after),
      element("button", { type: "submit", class: "gis-main-button" }, this.words.run),
    );
    return [form, result];
  }

  differences(home, found, address) {
    if (!KINDS.some(([kind]) => found.counts[kind])) {
      home.replaceChildren(element("p", {}, this.words.same));
      return;
    }
    home.replaceChildren(
      element("p", {}, element("a", { href: `${address}/export` }, this.words.take)),
      ...KINDS.map(([kind, color, sign]) => {
        for (const row of found[kind]) this.dot(row, color, sign);
        const rows = found[kind].slice(0, SHOWN),
          more = rows.length < found.counts[kind] ? fill(this.words.more, { n: rows.length }) : "";
        const key = element("span", { class: "gis-sign", style: { background: color }, "aria-hidden": "true" }, sign);
        return element(
          "details",
          { open: kind === "new" },
          element("summary", {}, key, ` ${this.words[kind]} ${whole(found.counts[kind])}${more}`),
          element("ul", {}, ...rows.map((row) => this.differing(row))),
        );
      }),
    );
  }

  differing(row) {
    const place = [row.township, row.village].filter(Boolean).join(" ");
    const score = `${row.score_before ?? "—"} → ${row.score_after ?? "—"}`;
    const was = joined(row.reasons_before),
      is = joined(row.reasons_after);
    return element(
      "li",
      {},
      element("button", { type: "button", onclick: () => this.go(row) }, `${row.name || row.building_id}　${score}`),
      element("div", { class: "gis-note" }, row.lat === null ? this.words.gone_house : place),
      element("div", { class: "gis-note" }, was === is || !was ? is : is ? `${was} → ${is}` : was),
    );
  }

  dot(row, color, sign) {
    if (row.lat === null) return;
    const style = {
      radius: 5,
      weight: 1.5,
      color: "#fff",
      fillColor: color,
      fillOpacity: 1,
      dashArray: sign === "−" ? "2 2" : undefined,
    };
    L.circleMarker([row.lat, row.lon], style)
      .on("click", () => this.go(row))
      .addTo(this.marks);
  }

  go(row) {
    if (row.lat !== null) this.planner.maps.go({ c: [row.lat, row.lon], ask: "/api/buildings/", k: row.building_id });
  }
}
