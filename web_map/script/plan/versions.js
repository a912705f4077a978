/* The versions of a plan, and two of them compared. */
import { element } from "../dom.js";
import { send } from "../http.js";

/** @typedef {import("./plan.js").Plan} Plan */

/** @param {Plan} plan */
export function versions(plan) {
  const w = plan.words,
    box = element("div", {}),
    all = plan.data.versions;
  const rows = all.map((v) =>
    element(
      "tr",
      { class: v.version === plan.data.version ? "gis-on" : "" },
      element(
        "td",
        {},
        element(
          "a",
          { href: `/plans/${plan.data.id}?version=${v.version}${plan.zh ? "" : "&lang=en"}` },
          `v${v.version}`,
        ),
      ),
      element("td", {}, w.origins[v.origin]),
      element("td", {}, w.states[v.state] + (v.in_force ? ` · ${w.inForce}` : "")),
      element("td", {}, v.by || ""),
      element("td", {}, v.at),
      element(
        "td",
        {},
        v.refusal ? v.refusal[plan.zh ? "zh" : "en"] : v.kept ? plan.say(w.kept, { a: v.kept[0], b: v.kept[1] }) : "",
      ),
    ),
  );
  box.append(
    element("div", { class: "gis-scroll" }, element("table", { class: "gis-table" }, element("tbody", {}, ...rows))),
  );
  const good = all.filter((v) => v.state === "draft" || v.state === "published");
  if (good.length > 1) {
    const pick = (chosen) =>
      element(
        "select",
        {},
        ...good.map((v) => element("option", { value: v.version, selected: v.version === chosen }, `v${v.version}`)),
      );
    const a = pick(good[1].version),
      b = pick(good[0].version),
      out = element("div", { id: "plan-compare", "aria-live": "polite" });
    a.setAttribute("aria-label", w.compare);
    b.setAttribute("aria-label", w.against);
    box.append(
      element(
        "form",
        {
          class: "plan-form",
          onsubmit: async (event) => {
            event.preventDefault();
            try {
              compared(
                plan,
                out,
                await send("GET", `/api/plans/${plan.data.id}/compare?before=${a.value}&after=${b.value}`),
              );
            } catch (error) {
              out.textContent = error.message;
            }
          },
        },
        element("p", {}, a, ` ${w.against} `, b, " ", element("button", { type: "submit" }, w.compare)),
      ),
      out,
    );
  }
  if (plan.data.may && !all.some((v) => v.state === "published")) {
    const sure = element(
      "button",
      {
        type: "button",
        hidden: true,
        onclick: async () => {
          try {
            await send("DELETE", `/api/plans/${plan.data.id}`);
            location.href = `/plans${plan.zh ? "" : "?lang=en"}`;
          } catch (error) {
            plan.alert(error.message);
          }
        },
      },
      w.eraseSure,
    );
    box.append(
      element(
        "p",
        { class: "plan-bar" },
        element(
          "button",
          {
            type: "button",
            onclick: () => {
              sure.hidden = false;
              sure.focus();
            },
          },
          w.erase,
        ),
        sure,
      ),
    );
  }
  return box;
}

/** @param {Plan} plan */
export function compared(plan, out, answer) {
  const w = plan.words,
    n = answer.counts;
  const teams = Object.entries(answer.teams).map(([name, c]) =>
    element("li", {}, `${name}：${w.leave} ${c.leave}，${w.come} ${c.come}`),
  );
  const items = answer.items
    .slice(0, 200)
    .map((i) =>
      element(
        "li",
        {},
        `${plan.stops.get(i.building_id)?.title || i.building_id}：`,
        i.change === "moved"
          ? `${i.team_before} ${plan.short(i.day_before)} → ${i.team_after} ${plan.short(i.day_after)}`
          : i.change === "new"
            ? `${w.new_} ${i.team_after} ${plan.short(i.day_after)}`
            : `${w.gone_} ${i.team_before} ${plan.short(i.day_before)}`,
      ),
    );
  out.replaceChildren(
    element("p", {}, `${w.new_} ${n.new}，${w.gone_} ${n.gone}，${w.moved_} ${n.moved}，${w.same} ${n.same}`),
    element("ul", {}, ...teams),
    element("ul", { class: "plan-left" }, ...items),
  );
}
