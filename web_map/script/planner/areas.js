/* Priority areas: draw (polygon, circle, along a line or a road, round a zone), name, save, edit, delete, undo. */
import { element, find } from "../dom.js";
import { send } from "../http.js";
import L from "../leaflet.js";
import { wordsOf } from "../words.js";
import { drawing, Outline, parts } from "./outline.js";

const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const STYLE = { color: "#b10dc9", weight: 2.5, fillColor: "#b10dc9", fillOpacity: 0.08 };
const DRAFT = { ...STYLE, dashArray: "6 4", fillOpacity: 0.16 };

export class Areas {
  /** @param {import("./planner.js").Planner} planner */
  constructor(planner) {
    this.planner = planner;
    this.map = /** @type {any} */ (planner.maps.map);
    /** @type {any} The kind of shape that is being drawn, as the library calls it. */
    this.shape = null;
    /** @type {any} What is being asked for by a click: a circle, a road, a zone. */
    this.picking = null;
    /** @type {any} The sketch on the map. */
    this.draft = null;
    /** @type {any} The circle that follows the hand. */
    this.ring = null;
    /** @type {any} Waits for a zone's mark. */
    this.catcher = null;
    /** @type {Outline | null} What is being edited. */
    this.outline = null;
    /** @type {any} What is kept of the sketch. */
    this.sketch = null;
    this.loaded = false;
    this.restored = false;
    this.words = wordsOf().areas;
    this.saved = new Map();
    this.on = new Set(planner.spec.within.map((area) => area.area_id));
    this.undone = this.kept("gis-undo", sessionStorage) || [];
    this.map.createPane("gis-drawn").style.zIndex = 620;
    this.group = L.featureGroup([], { pane: "gis-drawn" }).addTo(this.map);
    const may = planner.spec.may_draw;
    this.width = element("input", { type: "number", id: "gis-width", min: 1, max: 2000, value: 50 });
    this.help = element("p", { class: "gis-told", role: "status", "aria-live": "polite" });
    this.form = element("div");
    this.list = element("ul", { class: "gis-areas" });
    this.undoButton = element(
      "button",
      { type: "button", hidden: !this.undone.length, onclick: () => this.undo() },
      this.words.undo,
    );
    /** @type {any[]} Of no use before the drawing library is there. */
    this.tools = ["polygon", "circle", "line", "road", "zone"].map((kind) =>
      element(
        "button",
        { type: "button", id: `draw-${kind}`, disabled: true, onclick: () => this.begin(kind) },
        this.words[kind],
      ),
    );
    this.node = [
      may ? element("div", { class: "gis-tools", role: "toolbar" }, ...this.tools) : "",
      may ? element("p", {}, element("label", { for: "gis-width" }, `${this.words.width} `), this.width) : "",
      this.help,
      this.undoButton,
      this.form,
      this.list,
    ];
    this.map.on(/** @type {any} */ ("pm:create"), (/** @type {any} */ event) => this.drawn(event));
    // Tiles that answer clicks keep them from the map; the page's own events tell of all.
    const ground = this.map.getContainer();
    ground.addEventListener("click", (event) => {
      if (this.picking && !event.target.closest(".leaflet-control") && !this.map.dragging.moved())
        this.picked(this.map.mouseEventToLatLng(event));
    });
    ground.addEventListener("mousemove", (event) => {
      if (this.ring) this.ring.setRadius(this.map.distance(this.ring.getLatLng(), this.map.mouseEventToLatLng(event)));
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.draft) this.stop();
    });
    this.load();
  }

  chosen() {
    return [...this.on].filter((id) => this.saved.has(id));
  }
  chosenNames() {
    return this.chosen()
      .map((id) => this.saved.get(id).name)
      .join("、");
  }
  /* Areas that the list shown was made within and that are no more: the next list cannot stay inside them. */
  goneNames() {
    return this.loaded
      ? this.planner.spec.within
          .filter((area) => !this.saved.has(area.area_id))
          .map((area) => area.name)
          .join("、")
      : "";
  }
  metres() {
    return Math.min(2000, Math.max(1, Number(this.width.value) || 50));
  }
  tell(text, bad) {
    this.help.textContent = text;
    this.help.classList.toggle("gis-bad", Boolean(bad));
  }

  async load() {
    try {
      const all = await send("GET", "/api/areas");
      this.saved = new Map(all.map((area) => [area.area_id, area]));
      this.loaded = true;
      this.draw();
      if (this.on.size) this.planner.count();
      if (!this.restored) this.restore();
    } catch (refusal) {
      this.tell(refusal.message, true);
    }
  }

  draw() {
    this.group.clearLayers();
    for (const area of this.saved.values()) {
      area.layer = L.geoJSON(area.geometry, { style: STYLE, pane: "gis-drawn", interactive: false }).addTo(this.group);
      area.layer.bindTooltip(element("span", {}, area.name), {
        permanent: true,
        direction: "center",
        className: "gis-label",
      });
    }
    const may = this.planner.spec.may_draw;
    this.list.replaceChildren(
      ...[...this.saved.values()].map((area) => {
        const box = element("input", {
          type: "checkbox",
          checked: this.on.has(area.area_id),
          onchange: (event) => {
            if (event.target.checked) this.on.add(area.area_id);
            else this.on.delete(area.area_id);
            this.planner.later();
          },
        });
        const buttons = may
          ? [
              element("button", { type: "button", onclick: () => this.edit(area) }, this.words.edit),
              element("button", { type: "button", onclick: () => this.ask(area, area.geometry) }, this.words.rename),
              element("button", { type: "button", onclick: () => this.remove(area) }, this.words.remove),
            ]
          : [];
        return element(
          "li",
          { "data-area": area.area_id },
          element("label", {}, box, " ", element("strong", {}, area.name)),
          element("span", { class: "gis-note" }, ` ${this.about(area)}`),
          element(
            "span",
            { class: "gis-buttons" },
            element(
              "button",
              { type: "button", onclick: () => this.map.fitBounds(area.layer.getBounds(), { maxZoom: 17 }) },
              "◎",
            ),
            ...buttons,
          ),
        );
      }),
    );
    if (!this.saved.size) this.list.append(element("li", { class: "gis-note" }, this.words.none));
  }

  /** @param {any} area @returns {string} How large it is, which version, who changed it when. */
  about(area) {
    const size = say(this.words.area, { a: (area.area_m2 / 1e4).toFixed(1) });
    return [size, say(this.words.version, { v: area.version }), this.changed(area)].join(" · ");
  }

  changed(area) {
    const at = new Date(area.updated_at).toLocaleString(this.planner.maps.config.lang === "en" ? "en-GB" : "zh-CN", {
      dateStyle: "short",
      timeStyle: "short",
    });
    return [area.changed_by, at].filter(Boolean).join(" ");
  }

  /** Bring the drawing library, and let the tools be used once it is there. */
  async ready() {
    try {
      await drawing(this.map, this.planner.spec.drawing);
      for (const tool of this.tools) tool.disabled = false;
    } catch {
      this.tell(this.planner.maps.words.failed, true);
    }
  }

  /* ---- drawing ---- */
  begin(kind) {
    this.stop();
    this.shape = { polygon: "Polygon", line: "Line" }[kind];
    const path = { ...DRAFT, pane: "gis-drawn" };
    if (this.shape) this.map.pm.enableDraw(this.shape, { pathOptions: path, templineStyle: path, hintlineStyle: path });
    else this.picking = kind;
    document.body.classList.toggle("gis-picking", Boolean(this.picking));
    // Marks let the click through.
    document.body.classList.toggle("gis-through", this.picking === "circle" || this.picking === "road");
    this.planner.maps.stack.quiet = true;
    this.tell(this.words[`${kind}Help`]);
    const back = { type: "button", onclick: () => this.map.pm.Draw[this.shape]._removeLastVertex() };
    this.form.replaceChildren(
      element(
        "p",
        { class: "gis-do" },
        this.shape ? element("button", back, this.words.back) : "",
        element("button", { type: "button", onclick: () => this.stop() }, this.words.drop),
      ),
    );
    if (kind === "zone") {
      this.catcher = (event) => {
        const key = event.popup._source?.gisKey;
        if (!key) return;
        setTimeout(() => {
          this.map.closePopup();
          this.make({ of: "zone", zone_id: key, distance_m: this.metres() });
        }, 0);
      };
      this.map.on("popupopen", this.catcher);
    }
  }

  stop() {
    if (this.shape) this.map.pm.disableDraw();
    if (this.catcher) this.map.off("popupopen", this.catcher);
    for (const layer of [this.draft, this.ring, this.outline]) layer?.remove();
    if (this.outline) this.draw();
    this.shape = this.picking = this.draft = this.ring = this.catcher = this.outline = null;
    this.planner.maps.stack.quiet = false;
    document.body.classList.remove("gis-picking", "gis-through");
    this.form.replaceChildren();
    this.sketch = null;
    this.keep();
    this.tell("");
    if (this.planner.sketch) {
      this.planner.sketch = null;
      this.planner.read();
      this.planner.count();
    }
  }

  /* A click while a road, or a circle's middle and edge, is asked for. */
  picked(latlng) {
    if (this.picking === "road") this.make({ of: "road", near: [latlng.lng, latlng.lat], distance_m: this.metres() });
    if (this.picking !== "circle") return;
    if (!this.ring) {
      this.ring = L.circle(latlng, { ...DRAFT, radius: 1, pane: "gis-drawn", interactive: false }).addTo(this.map);
      return;
    }
    const c = this.ring.getLatLng();
    this.make({
      of: "circle",
      center: [c.lng, c.lat],
      radius_m: Math.min(20000, Math.max(1, this.map.distance(c, latlng))),
    });
  }

  /** @param {any} event What was drawn is taken off the map: its draft is shown in its place. */
  drawn({ layer, shape }) {
    layer.remove();
    const geometry = layer.toGeoJSON(7).geometry;
    if (shape === "Line") this.make({ of: "line", line: geometry.coordinates, distance_m: this.metres() });
    else this.ask(null, geometry);
  }

  /* Circles, strips and surroundings are made by the service: metres are measured in the work CRS. */
  async make(given) {
    this.tell(this.words.busy);
    try {
      const made = await send("POST", "/api/shapes", given);
      this.ask(null, made.geometry, made.name);
    } catch (refusal) {
      this.tell(refusal.message, true);
    }
  }

  /* A name for a draft, or a new name or outline for an area. */
  ask(area, geometry, suggested) {
    this.stop();
    this.draft = L.geoJSON(geometry, { style: DRAFT, pane: "gis-drawn", interactive: false }).addTo(this.map);
    const name = element("input", {
      type: "text",
      id: "gis-name",
      maxlength: 100,
      value: area ? area.name : suggested || "",
    });
    const note = element("input", { type: "text", id: "gis-note", maxlength: 2000, value: area?.note || "" });
    this.form.replaceChildren(
      element(
        "form",
        {
          class: "gis-name",
          onsubmit: (event) => {
            event.preventDefault();
            this.save(area, this.shown(geometry), name.value.trim(), note.value.trim());
          },
        },
        element("h2", {}, area ? area.name : this.words.draft),
        element("p", {}, element("label", { for: "gis-name" }, this.words.name), name),
        element("p", {}, element("label", { for: "gis-note" }, this.words.note), note),
        element(
          "p",
          { class: "gis-do" },
          element("button", { type: "submit", class: "gis-main-button" }, this.words.save),
          element("button", { type: "button", onclick: () => this.stop() }, this.words.drop),
        ),
      ),
    );
    if (!area) {
      this.planner.sketch = geometry;
      this.planner.count().then(() => this.planner.show("areas"));
    }
    // What is drawn and typed outlives the page: a refresh, a session that ended, a browser that was closed.
    this.sketch = () => ({
      area_id: area?.area_id,
      geometry: this.shown(geometry),
      name: name.value,
      note: note.value,
      editing: Boolean(this.outline),
      before: this.outline?.before || [],
    });
    this.keep();
    name.addEventListener("input", () => this.keep());
    note.addEventListener("input", () => this.keep());
    name.focus();
  }

  kept(key, store) {
    try {
      return JSON.parse(store.getItem(key));
    } catch {
      return null;
    }
  }
  get key() {
    return `gis-sketch ${find(".gis-who")?.textContent || ""}`;
  }

  keep() {
    if (this.sketch) localStorage.setItem(this.key, JSON.stringify(this.sketch()));
    else if (this.restored) localStorage.removeItem(this.key);
  }

  /* Once, when the page opens: what was left unsaved is on the map again, with its name. */
  async restore() {
    this.restored = true;
    const left = this.planner.spec.may_draw && this.kept(this.key, localStorage);
    window.addEventListener("pagehide", () => this.keep());
    if (!left) return;
    const area = left.area_id ? this.saved.get(left.area_id) : null;
    if (area && left.editing) await this.edit({ ...area, geometry: left.geometry }, left.before);
    else this.ask(area, left.geometry, left.name);
    this.form.querySelector("#gis-name").value = left.name;
    this.form.querySelector("#gis-note").value = left.note;
    this.keep();
    this.planner.show("areas");
    this.tell(this.words.left);
  }

  /**
   * Every part and every hole of an area has handles.
   *
   * @param {any} area
   * @param {any[]} [before] What it was before each change of another day.
   */
  async edit(area, before = []) {
    await this.ready();
    this.ask(area, area.geometry);
    this.draft.remove();
    // Its saved outline would hold the corners where they are.
    const saved = this.saved.get(area.area_id);
    if (saved) this.group.removeLayer(saved.layer);
    const undo = element(
      "button",
      { type: "button", disabled: true, onclick: () => this.outline?.undo() },
      this.words.undoEdit,
    );
    this.outline = new Outline(this.map, parts(area.geometry), { ...DRAFT, pane: "gis-drawn" }, () => {
      undo.disabled = !this.outline?.before.length;
      this.keep();
    });
    this.outline.before = before;
    undo.disabled = !before.length;
    find(".gis-do", this.form).append(undo);
    this.planner.maps.stack.quiet = true;
    this.tell(this.words.editHelp);
    this.map.fitBounds(this.outline.layer.getBounds(), { maxZoom: 17 });
  }

  shown(geometry) {
    return this.outline ? this.outline.geometry() : geometry;
  }

  async save(area, geometry, name, note) {
    if (!name) {
      this.tell(this.words.needName, true);
      return;
    }
    const body = { name, note: note || null, geometry: { type: geometry.type, coordinates: geometry.coordinates } };
    try {
      const made = area
        ? await send("PUT", `/api/areas/${area.area_id}`, { ...body, version: area.version })
        : await send("POST", "/api/areas", body);
      const former = area && { name: area.name, note: area.note, geometry: area.geometry };
      this.remember(
        area
          ? ["PUT", `/api/areas/${made.area_id}`, { ...former, version: made.version }]
          : ["DELETE", `/api/areas/${made.area_id}`],
      );
      this.stop();
      if (!area) this.on.add(made.area_id);
      await this.load();
      this.planner.count();
      this.tell(say(this.words[area ? "changed" : "saved"], { name }));
    } catch (refusal) {
      if (refusal.status !== 409 || !area) {
        this.tell(refusal.message, true);
        return;
      }
      // Somebody was first: nothing that was drawn is lost, it can be saved under another name.
      const kept = this.shown(geometry);
      await this.load();
      this.ask(null, kept, name);
      this.tell(refusal.message + this.words.kept, true);
    }
  }

  async remove(area) {
    this.planner.conditions.drop(); // a count within it would find no area
    try {
      await send("DELETE", `/api/areas/${area.area_id}`);
      this.on.delete(area.area_id);
      this.remember(["POST", "/api/areas", { name: area.name, note: area.note, geometry: area.geometry }]);
      await this.load();
      this.planner.count();
      this.tell(say(this.words.removed, { name: area.name }));
    } catch (refusal) {
      this.planner.count();
      this.tell(refusal.message, true);
    }
  }

  /* The way back is kept as a request, so that it works after a reload too; in this tab only. */
  remember(back) {
    if (back) this.undone.push(back);
    this.undoButton.hidden = !this.undone.length;
    sessionStorage.setItem("gis-undo", JSON.stringify(this.undone));
  }

  async undo() {
    const back = this.undone.pop();
    this.remember();
    this.planner.conditions.drop(); // the way back from a new area is to delete it
    try {
      const [method, address, body] = back;
      await send(method, address, body);
      await this.load();
      this.planner.count();
      this.tell(this.words.restored);
    } catch (refusal) {
      this.planner.count();
      this.tell(refusal.message, true);
    }
  }
}
