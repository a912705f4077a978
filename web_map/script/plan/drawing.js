/* The plan on the map: stops in their team's colour; what is chosen carries numbers, a day its way too. */
import { element } from "../dom.js";
import { popup } from "../layers/facts.js";
import L from "../leaflet.js";

/** @typedef {import("./plan.js").Plan} Plan */

/** All stops as dots in their team's colour; what is chosen carries numbers, a day its way too. @param {Plan} plan */
export function layer(plan) {
  const values = {};
  for (const t of plan.data.teams)
    values[t.name] = { color: "#ffffff", weight: 1, fill: true, fillColor: t.color, fillOpacity: 0.95, radius: 5 };
  plan.spec = {
    id: "stops",
    name: plan.words.legend,
    features: plan.data.stops.map((s) => ({
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
  plan.maps.add(plan.spec);
  plan.byId = new Map(plan.spec.features.map((f) => [f.k, f]));
  badges(plan);
  plan.marks = L.layerGroup().addTo(plan.maps.map);
  restyle(plan);
}

/** Each territory carries its team's number and name, on its colour. @param {Plan} plan */
export function badges(plan) {
  for (const feature of plan.maps.layer("territories")?.features || []) {
    const t = plan.team.get(feature.p.team);
    if (!t || !feature.c) continue;
    const html = element("div", { class: "plan-flag", style: { background: t.color } }, `${t.n} ${t.name}`);
    L.marker(feature.c, {
      icon: L.divIcon({ className: "", iconSize: [0, 0], html }),
      pane: "gis-labels",
      interactive: false,
      keyboard: false,
    }).addTo(plan.maps.map);
  }
}

/** @param {Plan} plan */
export function restyle(plan) {
  for (const [id, f] of plan.byId) {
    const s = plan.stops.get(id),
      w = plan.words;
    f.p.team = s.team;
    f.f = {
      title: s.title,
      rows: [
        [w.team, `${plan.team.get(s.team).n} ${s.team}`],
        [w.day, plan.short(s.day)],
        ["№", `${s.seq} · ${s.arrive}–${s.leave}`],
        [w.urgency, plan.data.urgency[s.u]],
      ],
      reasons: s.why,
      links: plan.data.offline ? [] : [[s.id, `/house/${encodeURIComponent(s.id)}`]],
    };
  }
  plan.maps.layer("stops").restyle();
}

/** @param {Plan} plan */
export function paint(plan) {
  plan.marks.clearLayers();
  if (!plan.chosen) return;
  const { team, day } = plan.chosen,
    t = plan.team.get(team),
    some = plan.of(team, day);
  const ordinal = new Map([...new Set(plan.of(team).map((s) => s.day))].sort().map((d, k) => [d, k + 1]));
  if (day && some.length) {
    const way = [...(t.home ? [t.home] : []), ...some.map((s) => s.c), ...(t.home ? [t.home] : [])];
    plan.marks.addLayer(L.polyline(way, { color: t.color, weight: 2.5, dashArray: "6 5", interactive: false }));
    if (t.home)
      plan.marks.addLayer(
        L.marker(t.home, {
          icon: L.divIcon({
            className: "",
            iconSize: [22, 22],
            html: element("div", { class: "plan-home" }, plan.words.home),
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
    plan.marks.addLayer(
      L.marker(s.c, { icon, title: `${s.seq} ${s.title}`, alt: `${s.seq} ${s.title}`, keyboard: false }).bindPopup(() =>
        popup(plan.byId.get(s.id).f),
      ),
    );
  }
}
