/* The maps' own script: layers, legend, popups, list and search, from one configuration.
   Every text of the data reaches the page through textContent: a house's name is never a script. */
"use strict";
(function () {
  // VectorGrid 1.3.0 calls this name, which Leaflet 1.9 no longer has.
  if (!L.DomEvent.fakeStop) L.DomEvent.fakeStop = function () { return true; };

  // On a phone a popup leaves room for the zoom buttons.
  const POPUP = { maxWidth: Math.min(380, window.innerWidth - 110) };

  const WORDS = {
    zh: { none: "没有找到", list: "优先名单（前 {n} 栋）", wait: "正在查询…", fold: "收起", unfold: "展开",
          failed: "查询失败，请稍后再试", houses: "栋", background: "背景地图", toggle: "显示或隐藏这一类", navigate: "导航到这里",
          capped: "要素过多，请放大", and: "、", colon: "：", cappedHere: "图上有的方格要素过多，没有画全，请放大查看。" },
    en: { none: "Nothing found", list: "First on the list ({n})", wait: "Asking…", fold: "Fold", unfold: "Unfold",
          failed: "That failed; try again", houses: "houses", background: "Background map", toggle: "Show or hide this class", navigate: "Navigate here",
          capped: "Too many to draw; zoom in", and: ", ", colon: ": ", cappedHere: "In some squares of the map there are too many to draw them all; zoom in." },
  };

  function element(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "style") Object.assign(node.style, value);
      else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
    }
    for (const child of children) if (child !== null && child !== undefined) node.append(child);
    return node;
  }

  /* {by, values|steps, fallback}: the style of a feature by one of its properties. */
  function styleOf(rule, properties) {
    if (!rule.by) return rule.fallback;
    const value = properties[rule.by];
    if (rule.steps) {
      for (const [least, style] of rule.steps) if (Number(value) >= least) return style;
      return rule.fallback;
    }
    return rule.values[value] || rule.fallback;
  }

  /* The name of the class that a feature falls into by the same rule; "" for none of them. */
  function classOf(rule, properties) {
    const value = properties[rule.by];
    if (rule.steps) return String((rule.steps.find(([least]) => Number(value) >= least) || [""])[0]);
    return rule.values && value in rule.values ? String(value) : "";
  }

  function popup(facts) {
    const box = element("div", { class: "gis-popup" }, element("h3", {}, facts.title || "—"));
    if (facts.rows && facts.rows.length) {
      const table = element("table");
      for (const [label, value] of facts.rows) table.append(element("tr", {}, element("th", { scope: "row" }, label), element("td", {}, String(value))));
      box.append(table);
    }
    if (facts.links && facts.links.length) box.append(element("p", { class: "gis-links" }, ...facts.links.map(([label, href]) => element("a", { href }, label))));
    if (facts.reasons && facts.reasons.length) box.append(element("ul", {}, ...facts.reasons.map((text) => element("li", {}, text))));
    return box;
  }

  /* Ask the service to change something; what it refuses comes back as an Error with its sentence. */
  async function send(method, address, body) {
    const token = document.querySelector('meta[name="csrf-token"]');
    const headers = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (token) headers["X-CSRF-Token"] = token.content;
    const english = document.documentElement.lang === "en";
    const answer = await fetch(address + (english ? (address.includes("?") ? "&" : "?") + "lang=en" : ""),
      { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
      .catch(() => { throw new Error(WORDS[english ? "en" : "zh"].failed); });
    const given = answer.status === 204 ? null : await answer.json().catch(() => null);
    if (answer.ok) return given;
    if (answer.status === 401 && token && window.signInAgain) {
      await window.signInAgain();
      return send(method, address, body);
    }
    const refusal = new Error(given && given.error ? given.error.message : WORDS[english ? "en" : "zh"].failed);
    refusal.status = answer.status;
    throw refusal;
  }

  class Maps {
    constructor(map, config) {
      this.map = map;
      this.config = config;
      this.words = WORDS[config.lang] || WORDS.zh;
      this.byKey = new Map();
      this.shapes = [];
      /* What is drawn of each layer, so that a page's own script can draw it anew: by another rule, or without what is too wide. */
      this.drawn = new Map();
      this.rules = new Map();
      this.widest = Infinity;
      /* The classes of each layer that the reader has switched off in the legend. */
      this.off = new Map();
      /* The layers of which something is left out, and the line that says so. */
      this.incomplete = new Set();
      this.status = element("p", { class: "gis-unseen", id: "gis-incomplete", role: "status" });
      map.getContainer().after(this.status);
      L.control.zoom({ position: "topleft" }).addTo(map);
      L.control.scale({ imperial: false, maxWidth: 160 }).addTo(map);
      map.attributionControl.setPrefix(false);
      if (config.attribution) map.attributionControl.addAttribution(element("span", {}, config.attribution).outerHTML);
      map.createPane("gis-labels").style.zIndex = 640;
      map.getPane("gis-labels").style.pointerEvents = "none";
      this.place();
      this.layers();
      this.list();
      this.search();
      this.fold();
      map.on("click", (event) => setTimeout(() => this.hit(event), 0));
    }

    /* Each layer has a canvas of its own, and a canvas hides those below it from the mouse: so the topmost shape
       under a click is looked for here. A click that a tile has answered is left alone. */
    hit(event) {
      if (this.quiet || this.answered === event.originalEvent) return;
      for (let i = this.shapes.length - 1; i >= 0; i--) {
        for (const { shape, feature } of this.shapes[i]) {
          if (!shape._map || !shape._pxBounds || !shape._pxBounds.contains(event.layerPoint)) continue;
          if (!shape._containsPoint(event.layerPoint) || !(shape.options.stroke || shape.options.fill)) continue;
          L.popup(POPUP).setLatLng(event.latlng).setContent(popup(feature.f)).openOn(this.map);
          return;
        }
      }
    }

    /* #map=zoom/latitude/longitude: a view that can be sent to a colleague. */
    place() {
      this.map.fitBounds(this.config.bounds, { animate: false });
      const asked = /^#map=([\d.]+)\/(-?[\d.]+)\/(-?[\d.]+)$/.exec(location.hash);
      if (asked) this.map.setView([Number(asked[2]), Number(asked[3])], Number(asked[1]), { animate: false });
      this.map.on("moveend", () => {
        const c = this.map.getCenter();
        if (/^#(?!map=)./.test(location.hash)) return; // a place on the page was asked for
        history.replaceState(null, "", `#map=${this.map.getZoom()}/${c.lat.toFixed(5)}/${c.lng.toFixed(5)}`);
      });
    }

    layers() {
      this.layersById = new Map();
      this.config.layers.forEach((spec) => this.add(spec));
    }

    /* A further layer, above those that are there. */
    add(spec) {
      if (spec.packed) spec.features = window.unpack(spec.packed, spec.words);
      const pane = this.map.createPane("gis-" + spec.id);
      pane.style.zIndex = 400 + this.drawn.size;
      this.drawn.set(spec.id, { spec });
      const layer = this.build(spec);
      this.layersById.set(spec.id, layer);
      const incomplete = element("p", { class: "gis-note gis-incomplete" });
      if (spec.tiles) this.capped(spec, layer, incomplete);
      const show = (on) => { if (on) layer.addTo(this.map); else layer.remove(); };
      show(spec.shown !== false);
      const box = element("input", { type: "checkbox", checked: spec.shown !== false, "data-layer": spec.id, onchange: (event) => show(event.target.checked) });
      const keys = element("div", { class: "gis-keys" });
      this.keys(spec.id, keys, spec.keys || []);
      const entry = element("div", { class: "gis-layer", id: "gis-layer-" + spec.id }, element("label", {}, box, " " + spec.name), keys, incomplete);
      document.getElementById("gis-legend").append(entry);
      Object.assign(this.drawn.get(spec.id), { entry, keys });
    }

    hides(spec, properties) {
      if (spec.width && Number(properties[spec.width]) > this.widest) return true;
      const off = this.off.get(spec.id);
      return Boolean(off && off.size && off.has(classOf(this.rules.get(spec.id) || spec.style, properties)));
    }

    /* The style of a feature as things stand: by the layer's rule or the one chosen, invisible where it is wider than asked for
       or of a class that is switched off. */
    look(spec, properties) {
      const style = styleOf(this.rules.get(spec.id) || spec.style, properties);
      return this.hides(spec, properties) ? { ...style, stroke: false, fill: false } : { ...style, stroke: style.weight !== 0, fill: Boolean(style.fillColor) };
    }

    redraw(id) {
      const { spec, tiles, members, thinned } = this.drawn.get(id) || {};
      for (const { shape, feature, marks } of members || []) {
        shape.setStyle(this.look(spec, feature.p));
        const hidden = this.hides(spec, feature.p);
        for (const [group, mark] of marks) if (hidden) group.removeLayer(mark); else group.addLayer(mark);
      }
      if (thinned) thinned();
      if (!tiles) return;
      for (const tile of Object.values(tiles._vectorTiles)) {
        for (const { feature } of Object.values(tile._features || {})) tiles._updateStyles(feature, tile, this.look(spec, feature.properties));
      }
    }

    /* Under everything, pale, so that it never outshouts the work; the credit as text. */
    background(spec, legend) {
      const pane = this.map.createPane("gis-background");
      pane.style.zIndex = 150;
      const layer = L.tileLayer(spec.tiles, { pane: "gis-background", opacity: 0.6, maxZoom: 22, maxNativeZoom: 18 }).addTo(this.map);
      if (spec.credit) this.map.attributionControl.addAttribution(element("span", {}, spec.credit).outerHTML);
      const box = element("input", { type: "checkbox", checked: true, onchange: (event) => { if (event.target.checked) layer.addTo(this.map); else layer.remove(); } });
      legend.append(element("div", { class: "gis-layer" }, element("label", {}, box, " " + this.words.background)));
    }

    /* The lines of a layer's legend; one that names a class shows and hides it. */
    keys(id, box, keys) {
      this.off.set(id, new Set());
      box.replaceChildren(...keys.map((key) => this.key(key, this.drawn.get(id).spec.shape, id)));
    }

    key(key, shape, id) {
      const style = key.style;
      const swatch = element("span", { class: "gis-swatch " + (key.shape || shape || ""), "aria-hidden": "true",
        style: { borderColor: style.color, backgroundColor: style.fillColor ? this.fade(style.fillColor, style.fillOpacity) : "transparent",
                 borderStyle: style.dashArray ? "dashed" : "solid", color: key.ink || "#fff" } }, key.mark || "");
      if (key.of === undefined) return element("span", { class: "gis-key" }, swatch, key.name);
      const toggle = ({ currentTarget }) => {
        const off = this.off.get(id);
        if (!off.delete(key.of)) off.add(key.of);
        currentTarget.setAttribute("aria-pressed", String(!off.has(key.of)));
        this.redraw(id);
      };
      return element("button", { type: "button", class: "gis-key", "aria-pressed": "true", title: this.words.toggle, onclick: toggle }, swatch, key.name);
    }

    fade(color, opacity) {
      const byte = Math.round(255 * (opacity === undefined ? 1 : opacity)).toString(16).padStart(2, "0");
      return color.length === 7 ? color + byte : color;
    }

    build(spec) {
      if (spec.tiles) return this.tiles(spec);
      const group = L.layerGroup();
      const renderer = L.canvas({ pane: "gis-" + spec.id, padding: 0.3 });
      const near = L.layerGroup(), far = L.layerGroup(), labels = spec.labelFrom ? L.layerGroup() : near;
      const known = [], members = [];
      this.shapes.push(known);
      this.drawn.get(spec.id).members = members;
      for (const feature of spec.features || []) {
        const style = styleOf(spec.style, feature.p);
        const shape = this.shape(feature, spec, style, renderer);
        near.addLayer(shape);
        const marks = [], put = (there, mark) => { there.addLayer(mark); marks.push([there, mark]); };
        members.push({ shape, feature, marks });
        if (feature.f) known.push({ shape, feature });
        if (spec.farRadius && feature.c) {
          const dot = L.circleMarker(feature.c, { ...style, ...(spec.farStyle || {}), radius: feature.p.size || spec.farRadius,
            weight: spec.farWeight === undefined ? 1 : spec.farWeight, renderer, pane: "gis-" + spec.id, color: "#ffffff", fillOpacity: 0.9, interactive: false });
          put(far, dot);
          if (feature.f) known.push({ shape: dot, feature });
        }
        if (spec.mark && feature.c && !spec.thin) put(near, this.mark(spec.mark, feature));
        if (spec.label && feature.c) put(labels, this.label(feature, spec));
        if (feature.k) this.byKey.set(feature.k, { feature, shape });
      }
      if (spec.labelFrom) {
        const room = () => { if (this.map.getZoom() >= spec.labelFrom) near.addLayer(labels); else near.removeLayer(labels); };
        near.on("add", () => { room(); this.map.on("zoomend", room); });
        near.on("remove", () => this.map.off("zoomend", room));
      }
      if (spec.thin) this.thin(spec, group);
      if (!spec.farRadius) return near;
      const swap = () => {
        const isNear = this.map.getZoom() >= (spec.nearZoom || 15);
        (isNear ? far : near).remove();
        group.removeLayer(isNear ? far : near);
        group.addLayer(isNear ? near : far);
      };
      group.on("add", () => { swap(); this.map.on("zoomend", swap); });
      group.on("remove", () => this.map.off("zoomend", swap));
      return group;
    }

    shape(feature, spec, style, renderer) {
      const options = { ...style, renderer, pane: "gis-" + spec.id, interactive: false };
      const latlngs = feature.g;
      const isPoint = typeof latlngs[0] === "number";
      const shape = spec.shape === "line" ? L.polyline(latlngs, options)
        : isPoint ? L.circleMarker(latlngs, { ...options, radius: style.radius || 4 })
        : L.polygon(latlngs, options);
      return shape;
    }

    mark(marks, feature, hidden) {
      const one = marks[feature.p.kind];
      if (!one) return L.layerGroup();
      const icon = L.divIcon({ className: "", iconSize: [20, 20], html: element("div", { class: "gis-zone", style: { background: one.color, color: one.ink || "#fff" } }, one.mark, hidden ? element("sup", {}, "+" + hidden) : null) });
      const title = (feature.f ? feature.f.title : one.mark) + (hidden ? ` +${hidden}` : "");
      const marker = L.marker(feature.c, { icon, keyboard: true, title, alt: title });
      marker.gisKey = feature.k;
      return feature.f ? marker.bindPopup(() => popup(feature.f), POPUP) : marker;
    }

    /* Marks at every zoom, but none on another: one stands for its neighbours and says how many it hides.
       The features come with the most urgent first, so it is a less urgent one that is hidden. */
    thin(spec, home) {
      const shown = L.layerGroup();
      const draw = () => {
        const room = 19, cells = new Map();
        shown.clearLayers();
        for (const feature of spec.features || []) {
          if (!feature.c || !spec.mark[feature.p.kind] || this.hides(spec, feature.p)) continue;
          const at = this.map.project(feature.c), x = Math.floor(at.x / room), y = Math.floor(at.y / room);
          let near = null;
          for (let i = x - 1; i <= x + 1 && !near; i++) for (let j = y - 1; j <= y + 1 && !near; j++) {
            const there = cells.get(i + "/" + j);
            if (there && there.at.distanceTo(at) < room) near = there;
          }
          if (near) near.hidden += 1; else cells.set(x + "/" + y, { at, feature, hidden: 0 });
        }
        for (const { feature, hidden } of cells.values()) shown.addLayer(this.mark(spec.mark, feature, hidden));
      };
      this.drawn.get(spec.id).thinned = draw;
      home.on("add", () => { draw(); shown.addTo(this.map); this.map.on("zoomend", draw); });
      home.on("remove", () => { shown.remove(); this.map.off("zoomend", draw); });
    }

    label(feature, spec) {
      const text = element("span", {}, feature.p[spec.label] || "");
      return L.tooltip({ permanent: true, direction: "center", className: "gis-label", interactive: false, pane: "gis-labels" })
        .setLatLng(feature.c).setContent(text);
    }

    tiles(spec) {
      const layer = L.vectorGrid.protobuf(spec.tiles, {
        pane: "gis-" + spec.id, interactive: Boolean(spec.ask), minZoom: spec.minZoom || 0, maxNativeZoom: 22, maxZoom: 22, /* clicks miss in enlarged tiles */ rendererFactory: L.canvas.tile,
        getFeatureId: (feature) => feature.properties[spec.key || "building_id"],
        vectorTileLayerStyles: {
          [spec.source]: (properties) => {
            const style = this.look(spec, properties);
            if (this.hides(spec, properties)) return style;
            // A far tile has one point a cell; its size says how many houses stand there.
            if (properties.houses) return { ...style, radius: 2 + Math.sqrt(Number(properties.houses)) / 2.2, weight: 1, color: "#ffffff", fill: true, fillOpacity: 0.85 };
            if (properties.size) return { ...style, ...spec.farStyle, radius: Number(properties.size), weight: 1, color: "#ffffff", fill: true };
            return style;
          },
        },
      });
      this.drawn.get(spec.id).tiles = layer;
      layer.on("click", (event) => { this.answered = event.originalEvent; this.ask(spec, event.layer.properties, event.latlng); });
      return layer;
    }

    /* A tile that could not take all that lies in its square has a layer "capped": the square is hatched and says so,
       and so does the legend, and a line that is read out, for who does not see the square. */
    capped(spec, layer, incomplete) {
      const marks = new Map(), read = layer._getVectorTilePromise.bind(layer);
      const tell = () => {
        incomplete.textContent = marks.size ? this.words.cappedHere : "";
        if (marks.size) this.incomplete.add(spec.name); else this.incomplete.delete(spec.name);
        const said = this.incomplete.size ? [...this.incomplete].join(this.words.and) + this.words.colon + this.words.cappedHere : "";
        if (this.status.textContent !== said) this.status.textContent = said;
      };
      layer._getVectorTilePromise = async (coords) => {
        const tile = await read(coords), key = layer._tileCoordsToKey(coords);
        if (!tile.layers.capped) return tile;
        delete tile.layers.capped;
        if (!layer._tiles[key]) return tile; // gone before it came
        const icon = L.divIcon({ className: "gis-capped", iconSize: layer.getTileSize(), iconAnchor: [0, 0], html: element("span", {}, this.words.capped) });
        marks.set(key, L.marker(layer._tileCoordsToBounds(coords).getNorthWest(), { icon, interactive: false, keyboard: false, pane: "gis-labels" }).addTo(this.map));
        tell();
        return tile;
      };
      layer.on("tileunload", ({ coords }) => {
        const key = layer._tileCoordsToKey(coords);
        if (marks.has(key)) { marks.get(key).remove(); marks.delete(key); tell(); }
      });
    }

    async ask(spec, properties, latlng) {
      if (this.quiet) return;
      if (this.onAsk) this.onAsk(properties);
      const open = (content) => L.popup(POPUP).setLatLng(latlng).setContent(content).openOn(this.map);
      if (properties.houses) { this.map.setView(latlng, this.map.getZoom() + 2); return; }
      if (!spec.ask || !properties[spec.key || "building_id"]) return;
      open(element("p", {}, this.words.wait));
      try {
        const address = spec.ask + encodeURIComponent(properties[spec.key || "building_id"]) + (spec.query || "?") + (this.config.lang === "en" ? "&lang=en" : "");
        const answer = await fetch(address, { headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(answer.status);
        const facts = await answer.json();
        // A phone hands the place to its own navigation program.
        const way = L.Browser.mobile ? [[this.words.navigate, `geo:${latlng.lat || latlng[0]},${latlng.lng || latlng[1]}`]] : [];
        open(popup({ ...facts, links: [...(facts.links || []), ...way], reasons: facts.reasons_text || facts.reasons }));
      } catch (error) {
        open(element("p", {}, this.words.failed));
      }
    }

    list() {
      const items = this.config.list || [];
      if (!items.length) return;
      const ordered = element("ol");
      for (const item of items) {
        ordered.append(element("li", {}, element("button", { type: "button", onclick: () => this.go(item) },
          element("span", { class: "score" }, item.score === undefined ? "" : String(item.score)),
          element("span", { class: "rank" }, item.rank === undefined ? "" : String(item.rank)), item.label,
          element("span", { class: "why", title: item.why }, item.why || ""))));
      }
      document.getElementById("gis-list").append(element("h2", {}, this.config.listTitle || this.words.list.replace("{n}", items.length)), ordered);
    }

    go(item) {
      if (item.bounds) { this.map.fitBounds(item.bounds, { maxZoom: 19 }); return; }
      this.map.setView(item.c, Math.max(this.map.getZoom(), item.zoom || 18));
      const known = item.k && this.byKey.get(item.k);
      if (known && known.feature.f) L.popup(POPUP).setLatLng(item.c).setContent(popup(known.feature.f)).openOn(this.map);
      else if (item.ask) this.ask({ ask: item.ask, key: "k" }, { k: item.k }, item.c);
    }

    search() {
      const input = document.getElementById("gis-q"), found = document.getElementById("gis-found");
      let turn = 0, timer = null;
      const show = (items) => {
        found.replaceChildren(...(items.length ? items.map((item) => element("li", {}, element("button", { type: "button", onclick: () => this.go(item) }, item.label)))
          : [element("li", {}, this.words.none)]));
      };
      const look = async () => {
        const asked = input.value.trim(), mine = ++turn;
        if (!asked) { found.replaceChildren(); return; }
        if (this.config.search) {
          const answer = await fetch(this.config.search + encodeURIComponent(asked)).catch(() => null);
          if (mine !== turn) return;
          const items = answer && answer.ok ? (await answer.json()).items : [];
          show(items.map((i) => ({ label: i.label, c: [i.lat, i.lon], zoom: i.what === "admin_area" ? 13 : 18, k: i.key,
            bounds: i.bbox && [[i.bbox[1], i.bbox[0]], [i.bbox[3], i.bbox[2]]] })));
        } else {
          const small = asked.toLowerCase();
          show((this.config.places || []).filter((p) => p.label.toLowerCase().includes(small)).slice(0, 10));
        }
      };
      input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 200); });
      document.getElementById("gis-search").addEventListener("submit", (event) => { event.preventDefault(); look(); });
    }

    fold() {
      const button = document.getElementById("gis-fold"), panel = document.getElementById("gis-panel");
      button.addEventListener("click", () => {
        const folded = panel.classList.toggle("folded");
        button.textContent = folded ? this.words.unfold : this.words.fold;
        button.setAttribute("aria-expanded", String(!folded));
        this.map.invalidateSize();
      });
    }
  }

  /* {name} in a text by its value; whole numbers with their thousands. */
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => Number.isInteger(values[name]) ? values[name].toLocaleString("en") : values[name]);
  /* Sentences as one text, parted as the language parts them. */
  const joined = (sentences) => sentences.join(document.documentElement.lang === "en" ? "; " : "；");
  /* A name with a number behind it. */
  const counted = (name, n) => document.documentElement.lang === "en" ? `${name} (${n})` : `${name}（${n}）`;
  const lang = () => window.gis.maps.config.lang === "en" ? "?lang=en" : "";

  window.gis = { element, popup, send, fill, lang, joined, counted, start: (map, config) => { window.gis.maps = new Maps(map, config); document.body.dataset.ready = "true"; window.dispatchEvent(new Event("gis-ready")); } };
})();
