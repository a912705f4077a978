/* One stop of the list: what is known of it, and moving it. */
import { element } from "../dom.js";
import { send } from "../http.js";

/** @typedef {import("./plan.js").Plan} Plan */

const URGENT = { 1: "u1", 2: "u2", 3: "u3", 4: "u4" };

/** @param {Plan} plan */
export function item(plan, stop, withDay) {
  const w = plan.words,
    tier = plan.data.tiers[stop.u];
  const marks = [];
  if (tier)
    marks.push(element("span", { class: `plan-mark ${URGENT[stop.u]}`, title: plan.data.urgency[stop.u] }, tier));
  if (stop.pin[0] || stop.pin[1]) marks.push(element("span", { class: "plan-mark", title: w.pinT }, "📌"));
  if (stop.done) marks.push(element("span", { class: "plan-mark done", title: w.doneT }, "✓"));
  const may = plan.data.may && !stop.done;
  const node = element(
    "li",
    { draggable: may ? "true" : null, "data-id": stop.id, class: stop.done ? "done" : "" },
    element("span", { class: "plan-seq" }, String(stop.seq)),
    element("span", { class: "plan-time" }, stop.arrive),
    element(
      "button",
      { type: "button", class: "plan-name", onclick: () => open(plan, stop, node) },
      stop.title,
      ...marks,
      element(
        "small",
        {},
        ` ${withDay ? `${plan.short(stop.day)} ` : ""}${stop.place}`,
        stop.due ? ` · ${w.due} ${plan.short(stop.due)}` : "",
      ),
    ),
  );
  if (plan.data.may) {
    const pinned = stop.pin[0] || stop.pin[1];
    const tools = element("span", { class: "plan-tools" });
    if (!stop.done)
      tools.append(
        element(
          "button",
          { type: "button", "aria-label": `${w.move} ${stop.title}`, onclick: () => form(plan, stop, node) },
          w.move,
        ),
        element(
          "button",
          {
            type: "button",
            "aria-label": `${pinned ? w.unpin : w.pin} ${stop.title}`,
            onclick: () => plan.pin(stop, !pinned),
          },
          pinned ? w.unpin : w.pin,
        ),
      );
    node.append(tools);
  }
  if (may) {
    node.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData("text/plain", stop.id);
      event.dataTransfer.effectAllowed = "move";
      document.body.classList.add("plan-dragging");
    });
    node.addEventListener("dragend", () => document.body.classList.remove("plan-dragging"));
    if (!withDay) {
      node.addEventListener("dragover", (event) => {
        event.preventDefault();
        node.classList.add("over");
      });
      node.addEventListener("dragleave", () => node.classList.remove("over"));
      node.addEventListener("drop", (event) => {
        event.preventDefault();
        node.classList.remove("over");
        const id = event.dataTransfer.getData("text/plain");
        if (id !== stop.id) plan.move(id, stop.team, stop.day, stop.seq);
      });
    }
  }
  return node;
}

/** What is known of a stop, below its line; the map goes there. @param {Plan} plan */
export async function open(plan, stop, node) {
  const w = plan.words,
    old = node.querySelector(".plan-more");
  plan.maps.map.setView(stop.c, Math.max(plan.maps.map.getZoom(), 17), { animate: false });
  if (old) {
    old.remove();
    return;
  }
  const box = element("div", { class: "plan-more" });
  node.append(box);
  let facts = stop;
  if (!stop.rows && !plan.data.offline) {
    try {
      const of = { version: plan.data.version, team: stop.team, day: stop.day };
      const got = await send("GET", `/api/plans/${plan.data.id}/stops?${new URLSearchParams(of)}`);
      facts = got.items.find((one) => one.building_id === stop.id);
    } catch (error) {
      box.textContent = error.message;
      return;
    }
  }
  if (!facts) return;
  const reasons = facts.reasons || facts.why || [];
  box.append(
    element(
      "table",
      {},
      ...(facts.rows || []).map(([k, v]) =>
        element("tr", {}, element("th", { scope: "row" }, k), element("td", {}, v)),
      ),
    ),
  );
  if (reasons.length)
    box.append(element("p", {}, w.why), element("ul", {}, ...reasons.map((r) => element("li", {}, r))));
  if (!plan.data.offline)
    box.append(
      element("p", { class: "gis-links" }, element("a", { href: `/house/${encodeURIComponent(stop.id)}` }, stop.id)),
    );
  if (plan.data.may)
    box.append(
      element("button", { type: "button", onclick: () => plan.done(stop) }, stop.done ? w.markOpen : w.markDone),
    );
}

/** @param {Plan} plan */
export function form(plan, stop, node) {
  const w = plan.words,
    old = node.querySelector(".plan-move");
  if (old) {
    old.remove();
    return;
  }
  const team = element(
    "select",
    { name: "team", "aria-label": w.team },
    ...plan.data.teams.map((t) =>
      element("option", { value: t.name, selected: t.name === stop.team }, `${t.n} ${t.name}`),
    ),
  );
  const day = element(
    "select",
    { name: "day", "aria-label": w.day },
    ...plan.data.days.map((d) => element("option", { value: d, selected: d === stop.day }, plan.short(d))),
  );
  const place = element("input", { type: "number", min: 1, max: 999, placeholder: w.best, "aria-label": w.place });
  const form = element(
    "form",
    {
      class: "plan-move",
      onsubmit: (event) => {
        event.preventDefault();
        plan.move(stop.id, team.value, day.value, place.value ? Number(place.value) : null);
      },
    },
    `${w.to} `,
    team,
    day,
    place,
    element("button", { type: "submit", class: "gis-main-button" }, w.move),
  );
  node.append(form);
  team.focus();
}
