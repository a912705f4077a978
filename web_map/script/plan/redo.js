/* Making a plan anew from what is not visited yet. */
import { element } from "../dom.js";

/** @typedef {import("./plan.js").Plan} Plan */

/** @param {Plan} plan */
export function redo(plan) {
  const w = plan.words,
    names = () =>
      element(
        "select",
        {},
        element("option", { value: "" }, "—"),
        ...plan.data.teams.map((t) => element("option", { value: t.name }, `${t.n} ${t.name}`)),
      );
  const label = (text, ...nodes) => element("p", {}, element("label", {}, element("span", {}, text), ...nodes));
  const first = plan.data.days[0] || plan.data.start;
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
        const done = await plan.send("replan", body);
        if (done) {
          plan.show("plan");
          plan.wait(done.version);
        } else plan.show("plan");
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
      ...plan.data.days.map((d) => element("option", { value: d }, plan.short(d))),
    );
  const share = element(
    "form",
    {
      class: "plan-form",
      id: "plan-share",
      onsubmit: async (event) => {
        event.preventDefault();
        const done = await plan.send("shares", { day: on.value, teams: [one.value || "—", two.value || "—"] });
        plan.show("plan");
        if (done) {
          plan.take(done);
          plan.what(`${w.shareGo} ${one.value}、${two.value} ${plan.short(on.value)}`, done);
        }
      },
    },
    element("h3", {}, w.share),
    element("p", {}, on, one, two, element("button", { type: "submit" }, w.shareGo)),
  );
  return element("div", {}, form, share);
}
