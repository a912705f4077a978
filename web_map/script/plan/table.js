/* Teams by days: each cell a day of a team, onto which a stop can be dropped. */
import { element } from "../dom.js";

/** @typedef {import("./plan.js").Plan} Plan */

/** @param {Plan} plan */
export function grid(plan) {
  const w = plan.words,
    days = plan.data.days;
  const months = [];
  for (const day of days) {
    const month = +day.split("-")[1];
    if (months.length && months[months.length - 1].month === month) months[months.length - 1].span += 1;
    else months.push({ month, span: 1 });
  }
  const head = element(
    "thead",
    {},
    element(
      "tr",
      {},
      element("th", { scope: "col", rowspan: 2 }, w.team),
      ...months.map((m) => element("th", { scope: "colgroup", colspan: m.span }, plan.say(w.month, { m: m.month }))),
      element("th", { scope: "col", rowspan: 2 }, w.total),
    ),
    element(
      "tr",
      {},
      ...days.map((day) =>
        element(
          "th",
          { scope: "col", title: day },
          String(+day.split("-")[2]),
          element("small", {}, w.weekdays[new Date(`${day}T00:00`).getDay()]),
        ),
      ),
    ),
  );
  const body = element("tbody");
  for (const team of plan.data.teams) {
    const mine = plan.of(team.name).length;
    const row = element(
      "tr",
      {},
      element(
        "th",
        { scope: "row" },
        element(
          "button",
          {
            type: "button",
            class: "plan-team",
            "aria-pressed": String(Boolean(plan.chosen && plan.chosen.team === team.name && !plan.chosen.day)),
            title: team.members || team.name,
            onclick: () => plan.choose(team.name, null),
          },
          element("span", { class: "plan-badge", style: { background: team.color } }, String(team.n)),
          team.name,
        ),
      ),
    );
    for (const day of days) row.append(cell(plan, team, day));
    row.append(element("td", { class: "num" }, mine.toLocaleString()));
    body.append(row);
  }
  plan.table.replaceChildren(element("table", { class: "plan-grid" }, head, body));
}

/** @param {Plan} plan */
export function cell(plan, team, day) {
  const w = plan.words,
    key = `${team.name}/${day}`,
    known = plan.cells.get(key),
    off = plan.off.has(key);
  const count = known ? known.stops : 0,
    late = known && known.ends_s > plan.data.closes_s,
    over = count > team.per_day;
  const on = plan.chosen && plan.chosen.team === team.name && plan.chosen.day === day;
  const title = `${team.name} ${day}${count ? ` · ${plan.summary(known)}` : off ? ` · ${w.off}` : ""}`;
  const button = element(
    "button",
    {
      type: "button",
      title,
      "aria-label": title,
      "aria-pressed": String(Boolean(on)),
      "data-team": team.name,
      "data-day": day,
      class: (count ? "full" : "") + (late || over || (off && count) ? " bad" : "") + (off ? " off" : ""),
      onclick: () => plan.choose(team.name, day),
    },
    count ? String(count) : off ? "·" : "",
  );
  if (count) button.style.setProperty("--team", team.color);
  const cell = element("td", {}, button);
  if (plan.data.may) {
    cell.addEventListener("dragover", (event) => {
      event.preventDefault();
      cell.classList.add("over");
    });
    cell.addEventListener("dragleave", () => cell.classList.remove("over"));
    cell.addEventListener("drop", (event) => {
      event.preventDefault();
      cell.classList.remove("over");
      plan.move(event.dataTransfer.getData("text/plain"), team.name, day, null);
    });
  }
  return cell;
}
