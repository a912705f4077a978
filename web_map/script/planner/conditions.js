/* What a list asks for: conditions of the notice and of the house, with counts that follow the hand. */
import { element } from "../dom.js";
import { send } from "../http.js";
import { fill, langQuery, whole } from "../language.js";
import { drawn } from "../layers/drawn.js";
import { wordsOf } from "../words.js";

const GROUPS = ["any_of", "all_of", "none_of"];

export class Conditions {
  constructor(planner) {
    this.planner = planner;
    this.words = wordsOf().conditions;
    this.controls = [];
    this.limits = {};
    this.houses = [];
    this.turn = 0;
    /** @type {AbortController | null} Takes the question back that is being counted. */
    this.counting = null;
    this.node = this.build(planner.spec);
  }

  say(text, bad) {
    this.told.textContent = text;
    this.told.classList.toggle("gis-bad", Boolean(bad));
  }

  build(spec) {
    const form = element("form", {
      class: "gis-ask",
      onsubmit: (event) => {
        event.preventDefault();
        this.apply();
      },
    });
    this.form = form;
    this.who(spec.house.find((one) => one.kind === "flag"));
    form.append(element("h2", {}, this.words.zones));
    for (const zone of spec.zones) this.zone(zone);
    form.append(element("h2", {}, this.words.rules));
    for (const rule of spec.rules) this.rule(rule);
    form.append(element("h2", {}, this.words.house));
    for (const one of spec.house) if (one.kind !== "flag") this.attribute(one);
    this.withinNote = element("p", { class: "gis-note" });
    this.total = element("output", { class: "gis-total", "aria-live": "polite" });
    this.sentence = element("p", { class: "gis-sentence", id: "gis-sentence" }, spec.sentence);
    this.name = element("input", { id: "gis-list-name", maxlength: 100, autocomplete: "off", value: spec.name });
    this.button = element(
      "button",
      { type: "submit", class: "gis-main-button", "aria-describedby": "gis-sentence" },
      this.words.apply,
    );
    this.told = element("p", { class: "gis-told", role: "status" });
    if (spec.beyond) form.append(element("p", { class: "gis-note" }, fill(this.words.beyond, { said: spec.beyond })));
    const label = element("label", { for: "gis-list-name" }, `${this.words.name} `);
    form.append(
      this.withinNote,
      element(
        "div",
        { class: "gis-make" },
        this.sentence,
        ...(spec.may_select ? [element("p", {}, label, this.name)] : []),
        element("p", { class: "gis-do" }, this.total, spec.may_select ? this.button : ""),
        this.told,
      ),
    );
    return form;
  }

  /* Operating houses or all: what a number means hangs on it, so it is asked first. */
  who(flag) {
    const radio = (value, name) => {
      const input = element("input", {
        type: "radio",
        name: "who",
        value,
        checked: flag.on === (value === "operating"),
      });
      input.addEventListener("change", () => this.later());
      return [element("label", {}, input, " ", name), input];
    };
    const [operating, box] = radio("operating", this.words.operating),
      [every] = radio("all", this.words.every);
    this.operating = box;
    this.form.append(
      element(
        "fieldset",
        { class: "gis-scope" },
        element("legend", {}, this.words.who),
        operating,
        every,
        element("p", { class: "gis-note" }, this.words.whoNote),
      ),
    );
  }

  /** @param {any} control */
  row({ term, name, mark, group, extra, title }) {
    const box = element("input", { type: "checkbox", checked: Boolean(group) });
    const number = element("output", { class: "n" }, "…");
    const how = element(
      "select",
      { "aria-label": `${name} ${Object.values(this.words.groups).join("/")}` },
      ...GROUPS.map((g) => element("option", { value: g, selected: g === group }, this.words.groups[g])),
    );
    how.hidden = !group;
    this.controls.push({ box, number, term, how });
    box.addEventListener("change", () => {
      how.hidden = !box.checked;
      this.later();
    });
    how.addEventListener("change", () => this.later());
    this.form.append(
      element(
        "div",
        { class: "gis-term", title: title || "" },
        element("label", {}, box, mark || "", " ", name),
        element("span", { class: "unit" }, extra || "", how),
        number,
      ),
    );
  }

  zone(zone) {
    const width = element("input", {
      type: "number",
      min: 0,
      max: 5000,
      step: 10,
      value: zone.buffer_m,
      title: zone.source,
      "aria-label": `${zone.name} ${this.words.metres}`,
    });
    width.addEventListener("input", () => this.later());
    const mark = element(
      "span",
      { class: "gis-zone", "aria-hidden": "true", style: { background: zone.color } },
      zone.mark,
    );
    const metres = () => Math.min(5000, Math.max(0, Number(width.value) || 0));
    this.row({
      term: () => ({ term: "zone", kind: zone.kind, buffer_m: metres() }),
      name: zone.name,
      mark,
      group: zone.group,
      extra: element("span", {}, width, ` ${this.words.metres} `),
    });
  }

  rule(rule) {
    const limit = rule.limit;
    let extra = null;
    if (limit) {
      const number = element("input", {
        type: "number",
        min: limit.low,
        max: limit.high,
        value: limit.value,
        "aria-label": `${rule.title} ${limit.unit}`,
      });
      number.addEventListener("input", () => this.later());
      this.limits[limit.name] = () =>
        Math.min(limit.high, Math.max(limit.low, Math.round(Number(number.value)) || limit.low));
      extra = element("span", {}, number, ` ${limit.unit} `);
    }
    this.row({
      term: () => ({ term: "rule", name: rule.name }),
      name: rule.title,
      group: rule.group,
      extra,
      title: rule.source,
    });
  }

  attribute(one) {
    if (one.kind === "number") this.range(one);
    else this.choice(one);
  }

  range(one) {
    const bound = (value, said) => {
      const input = element("input", {
        type: "number",
        min: 0,
        max: 1000000,
        value: value ?? "",
        "aria-label": `${one.title} ${said}`,
      });
      input.addEventListener("input", () => this.later());
      return input;
    };
    const low = bound(one.low, "≥"),
      high = bound(one.high, "≤");
    const read = (input) => (input.value === "" ? undefined : Math.max(0, Math.round(Number(input.value)) || 0));
    this.houses.push(() =>
      low.value === "" && high.value === ""
        ? null
        : { term: "house", name: one.name, low: read(low), high: read(high) },
    );
    this.form.append(
      element(
        "p",
        { class: "gis-range" },
        element("span", {}, one.title),
        low,
        ` ${this.words.to} `,
        high,
        ` ${one.unit}`,
      ),
    );
  }

  choice(one) {
    const held = new Set(one.values),
      said = element("span", { class: "gis-note" });
    const boxes = one.options.map((option) => {
      const box = element("input", { type: "checkbox", value: option.value, checked: held.has(option.value) });
      box.addEventListener("change", () => {
        tell();
        this.later();
      });
      return box;
    });
    const labels = one.options.map((option, i) =>
      element("label", {}, boxes[i], " ", option.of ? `${option.of} ${option.title}` : option.title),
    );
    const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
    const tell = () => {
      const names = one.options.filter((_, i) => boxes[i].checked).map((option) => option.title);
      said.textContent =
        names.length > 3 ? fill(this.words.chosen, { n: names.length }) : names.join("、") || this.words.all;
    };
    tell();
    this.houses.push(() => (chosen().length ? { term: "house", name: one.name, values: chosen() } : null));
    if (labels.length) {
      this.form.append(
        element(
          "details",
          { class: "gis-choose-of" },
          element("summary", {}, one.title, " ", said),
          element("div", {}, ...labels),
        ),
      );
    }
  }

  /* The list as POST /api/selections takes it. */
  asked() {
    /** @type {any} */
    const body = { any_of: [], all_of: [], none_of: [], within: this.planner.areas.chosen() };
    for (const c of this.controls) if (c.box.checked) body[c.how.value].push(c.term());
    body.all_of.push(...this.houses.map((read) => read()).filter(Boolean));
    if (this.operating.checked) body.all_of.push({ term: "house", name: "operating" });
    for (const [name, number] of Object.entries(this.limits)) body[name] = number();
    return body;
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.count(), 150);
    if (this.planner.run) this.say(fill(this.words.changed, { run: String(this.planner.run) }));
  }

  /* What is counted first comes after the map, unless something was counted by then: a sketch that was kept is. */
  async begin() {
    await drawn(this.planner.maps.map);
    if (!this.turn) await this.count();
  }

  /* Take back what is being counted: nobody waits for it, and what it asks for may be no more in a moment. */
  drop() {
    clearTimeout(this.timer);
    this.turn += 1;
    this.counting?.abort();
    this.counting = null;
  }

  /* Counts of every control, on or off; with a sketch on the map also the houses in it. */
  async count() {
    this.drop();
    const mine = this.turn,
      body = this.asked(),
      { areas, sketch } = this.planner;
    const off = this.controls.filter((c) => !c.box.checked),
      gone = areas.goneNames();
    this.withinNote.textContent =
      `${this.words.within}：${areas.chosenNames() || this.words.everywhere}` +
      (gone && fill(this.words.deleted, { names: gone }));
    this.button.disabled = !body.any_of.length && !body.all_of.length;
    if (this.button.disabled) {
      this.total.textContent = this.words.nothing;
      return;
    }
    this.total.textContent = this.words.counting;
    /** @type {any} */
    const asked = { ...body, others: off.map((c) => c.term()), limit: sketch ? 500 : 0 };
    if (sketch) asked.shape = sketch;
    this.counting = new AbortController();
    try {
      const found = await send("POST", `/api/selections/preview${langQuery()}`, asked, {
        signal: this.counting.signal,
      });
      if (mine !== this.turn) return;
      this.total.textContent = fill(this.words.selected, { n: found.total });
      this.sentence.textContent = found.sentence;
      for (const group of GROUPS) {
        const of = this.controls.filter((c) => c.box.checked && c.how.value === group);
        of.forEach((c, i) => {
          c.number.textContent = whole(found[group][i]);
        });
      }
      off.forEach((c, i) => {
        c.number.textContent = whole(found.others[i]);
      });
      if (sketch) this.planner.listing.preview(found.items, found.total);
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
      const asked = this.asked(),
        name = this.name.value.trim();
      const made = await send("POST", "/api/selections", name ? { ...asked, name } : asked);
      const address = new URL(location.href);
      address.search = "";
      address.searchParams.set("run", made.run_id);
      if (this.planner.maps.config.lang === "en") address.searchParams.set("lang", "en");
      sessionStorage.setItem("gis-told", fill(this.words.saved, { run: String(made.run_id) }));
      location.assign(address); // buffers, notes and downloads are the new list's
    } catch (refusal) {
      this.say(refusal.message, true);
      this.button.disabled = false;
      this.button.textContent = this.words.apply;
    }
  }
}
