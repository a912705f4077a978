/* What every map has besides its layers: north, coordinates, a tape to measure with, one's own position, and layers as
   they were left. Lengths are along the ellipsoid, areas on the sphere: good to a few parts in a thousand. */
import { all, element } from "../dom.js";
import { fill } from "../language.js";
import L from "../leaflet.js";
import { wordsOf } from "../words.js";

const LINE = { color: "#1d2733", weight: 2.5, dashArray: "6 4", interactive: false };
const EARTH_M = 6371008.8;

export class Tools {
  /** @param {import("./maps.js").Maps} maps */
  constructor(maps) {
    /** @type {L.LatLng[]} Corners of what is measured. */
    this.points = [];
    /** @type {any} The line through them; null while nothing is measured. */
    this.line = null;
    /** @type {any} */
    this.click = null;
    /** @type {any} */
    this.end = null;
    this.maps = maps;
    this.map = maps.map;
    this.words = wordsOf().tools;
    this.coordinates();
    this.buttons();
    this.remember();
    window.addEventListener("beforeprint", () => this.paper());
    window.addEventListener("afterprint", () => this.screen());
  }

  /* The map is drawn for the paper, with the ground that is on the screen, and printed once its tiles are there. */
  async print() {
    this.paper();
    for (let waited = 0; waited < 15000 && this.loading(); waited += 100)
      await new Promise((done) => setTimeout(done, 100));
    window.print();
  }

  loading() {
    let busy = false;
    this.map.eachLayer((/** @type {any} */ layer) => {
      busy = busy || Boolean(layer.isLoading?.());
    });
    return busy;
  }

  paper() {
    if (this.before) return;
    this.before = { center: this.map.getCenter(), zoom: this.map.getZoom(), snap: this.map.options.zoomSnap };
    this.map.options.zoomSnap = 0.25;
    const bounds = this.map.getBounds();
    document.body.classList.add("gis-paper");
    this.map.invalidateSize({ animate: false });
    this.map.fitBounds(bounds, { animate: false });
  }

  screen() {
    if (!this.before) return;
    document.body.classList.remove("gis-paper");
    this.map.options.zoomSnap = this.before.snap;
    this.map.invalidateSize({ animate: false });
    this.map.setView(this.before.center, this.before.zoom, { animate: false });
    this.before = null;
  }

  /* Longitude and latitude where the mouse is; on a phone of the middle. CGCS2000 and WGS 84 agree to a metre. */
  coordinates() {
    const shown = element("output", { class: "gis-where", "aria-hidden": "true" });
    const north = element(
      "span",
      { class: "gis-north", title: this.words.north },
      "▲",
      element("b", {}, this.words.north),
    );
    const control = new L.Control({ position: "bottomleft" });
    control.onAdd = () => element("div", { class: "gis-corner" }, north, shown);
    control.addTo(this.map);
    const say = (at) => {
      shown.textContent = `${at.lng.toFixed(5)}, ${at.lat.toFixed(5)}`;
    };
    this.map.on("mousemove", (event) => say(event.latlng));
    this.map.on("moveend", () => say(this.map.getCenter()));
    say(this.map.getCenter());
  }

  buttons() {
    this.tape = element(
      "button",
      {
        type: "button",
        id: "gis-tape",
        "aria-pressed": "false",
        title: this.words.measure,
        onclick: () => this.toggle(),
      },
      this.words.tape,
    );
    const here = element(
      "button",
      { type: "button", id: "gis-here", title: this.words.here, onclick: () => this.locate() },
      "◎",
    );
    const print = element(
      "button",
      { type: "button", id: "gis-print", title: this.words.print, onclick: () => this.print() },
      this.words.paper,
    );
    print.setAttribute("aria-label", this.words.print);
    this.tape.setAttribute("aria-label", this.words.measure);
    here.setAttribute("aria-label", this.words.here);
    this.told = element("output", { class: "gis-measured", role: "status" });
    const control = new L.Control({ position: "topleft" });
    control.onAdd = () => {
      const bar = element("div", { class: "leaflet-bar gis-tool-bar" }, this.tape, here, print);
      L.DomEvent.disableClickPropagation(bar);
      return bar;
    };
    control.addTo(this.map);
    const told = new L.Control({ position: "topleft" });
    told.onAdd = () => this.told;
    told.addTo(this.map);
  }

  toggle() {
    if (this.line) this.stop();
    else this.start();
  }

  start() {
    this.points = [];
    this.line = L.polyline([], LINE).addTo(this.map);
    this.maps.stack.quiet = true;
    this.map.doubleClickZoom.disable();
    this.tape.setAttribute("aria-pressed", "true");
    this.told.textContent = this.words.help;
    this.click = (event) => {
      if (!event.target.closest(".leaflet-control")) this.point(this.map.mouseEventToLatLng(event));
    };
    this.map.getContainer().addEventListener("click", this.click);
    this.end = () => this.freeze();
    this.map.getContainer().addEventListener("dblclick", this.end);
    document.body.classList.add("gis-picking");
  }

  point(at) {
    const last = this.points.at(-1);
    if (last && this.map.latLngToContainerPoint(last).distanceTo(this.map.latLngToContainerPoint(at)) < 4) return;
    this.points.push(at);
    this.line.addLatLng(at);
    this.told.textContent = this.said();
  }

  /* The figure stays on the map until the tape is put away. */
  freeze() {
    this.map.getContainer().removeEventListener("click", this.click);
    this.map.getContainer().removeEventListener("dblclick", this.end);
    document.body.classList.remove("gis-picking");
    this.maps.stack.quiet = false;
  }

  stop() {
    this.freeze();
    this.line.remove();
    this.points = [];
    this.line = null;
    this.map.doubleClickZoom.enable();
    this.tape.setAttribute("aria-pressed", "false");
    this.told.textContent = "";
  }

  said() {
    if (this.points.length < 2) return this.words.help;
    let length = 0;
    for (let i = 1; i < this.points.length; i++) length += this.map.distance(this.points[i - 1], this.points[i]);
    const far =
      length < 1000 ? `${length.toFixed(1)} ${this.words.metres}` : `${(length / 1000).toFixed(2)} ${this.words.km}`;
    if (this.points.length < 3) return far;
    const area = Tools.area(this.points);
    const ground = area < 1e4 ? `${area.toFixed(0)} ${this.words.m2}` : `${(area / 1e4).toFixed(2)} ${this.words.ha}`;
    return `${far} · ${ground}`;
  }

  /* Square metres inside a ring on the sphere (Chamberlain and Duquette, 2007). */
  static area(ring) {
    const rad = Math.PI / 180;
    const sum = ring.reduce((whole, a, i) => {
      const b = ring[(i + 1) % ring.length];
      return whole + (b.lng - a.lng) * rad * (2 + Math.sin(a.lat * rad) + Math.sin(b.lat * rad));
    }, 0);
    return (Math.abs(sum) * EARTH_M * EARTH_M) / 2;
  }

  locate() {
    if (!window.isSecureContext) {
      this.told.textContent = this.words.insecure;
      return;
    }
    this.map.locate({ setView: true, maxZoom: 18, enableHighAccuracy: true, timeout: 15000 });
    this.map.once("locationfound", (event) => {
      if (this.spot) this.spot.remove();
      this.spot = L.layerGroup([
        L.circle(event.latlng, {
          radius: event.accuracy,
          color: "#1f6feb",
          weight: 1,
          fillOpacity: 0.12,
          interactive: false,
        }),
        L.circleMarker(event.latlng, {
          radius: 6,
          color: "#fff",
          weight: 2,
          fillColor: "#1f6feb",
          fillOpacity: 1,
          interactive: false,
        }),
      ]).addTo(this.map);
      this.told.textContent = fill(this.words.accuracy, { n: Math.round(event.accuracy) });
    });
    this.map.once("locationerror", () => {
      this.told.textContent = this.words.failed;
    });
  }

  /* Layers that somebody switched on or off stay so on the next visit of the page; a private window forgets. */
  remember() {
    const key = `gis-layers ${location.pathname.replace(/\d+/g, "N")}`;
    let kept = {};
    try {
      kept = JSON.parse(localStorage.getItem(key) || "{}");
    } catch {
      return;
    }
    for (const box of all("#gis-legend input[data-layer]")) {
      const id = box.dataset.layer;
      if (id in kept && kept[id] !== box.checked) box.click();
      box.addEventListener("change", () => {
        kept[id] = box.checked;
        try {
          localStorage.setItem(key, JSON.stringify(kept));
        } catch {
          /* a window that keeps nothing */
        }
      });
    }
  }
}
