/* The ranked list of clusters, a page at a time, and those that are due. */
import { byId, element } from "../dom.js";
import { counted, fill, language, whole } from "../language.js";
import { drawn } from "../layers/drawn.js";

const SIZE = 50;
const DUE = 10;

/** @param {import("./fire.js").Context} context */
export function ranking({ maps, fire, words }) {
  if (!fire.clusters) return;
  const option = (/** @type {string} */ value, /** @type {string} */ label) => element("option", { value }, label);
  const places = /** @type {any[]} */ (fire.townships).map((t) => option(t.code, counted(t.name, t.clusters)));
  const townships = element("select", { id: "gis-township" }, option("", words.allTownships), ...places);
  const classes = Object.entries(/** @type {Record<string, string>} */ (words.with));
  const kinds = element(
    "select",
    { id: "gis-class" },
    option("", words.all),
    ...classes.map(([value, label]) => option(value, label)),
  );
  /* What is due: the ten worst that nobody has walked since the month began. */
  const due = element("input", { type: "checkbox", id: "gis-due" });
  const month = `${fire.today.slice(0, 8)}01`;
  const take = element("a", { class: "gis-take", id: "gis-clusters-file" }, words.take);
  const said = element("p", { "aria-live": "polite" });
  const ordered = element("ol");
  const back = element("button", { type: "button" }, words.previous);
  const on = element("button", { type: "button" }, words.next);
  const lang = language() === "en" ? "&lang=en" : "";
  let [offset, turn] = [0, 0];

  const load = async () => {
    const mine = ++turn;
    said.textContent = maps.words.wait;
    const query = new URLSearchParams({ limit: String(due.checked ? DUE : SIZE), offset: String(offset) });
    if (due.checked) query.set("walked_before", month);
    if (townships.value) query.set("township", townships.value);
    if (kinds.value) query.set("class", kinds.value);
    const every = new URLSearchParams(query);
    every.delete("offset");
    if (!due.checked) every.delete("limit");
    take.href = `${fire.clusters.replace("?", "/export?")}&${every}`;
    try {
      const answer = await fetch(`${fire.clusters}&${query}${lang}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = await answer.json();
      if (mine !== turn) return;
      ordered.replaceChildren(...page.items.map((/** @type {any} */ item) => line(item, page.run_id)));
      said.replaceChildren(summary(page));
      const lost = page.records_without_cluster || [];
      if (lost.length) {
        const names = lost.map((/** @type {any} */ site) => site.name || site.site_id).join("、");
        said.append(element("br"), fill(words.lost, { n: lost.length }) + names);
      }
      back.disabled = offset === 0;
      on.disabled = due.checked || !page.truncated;
    } catch {
      if (mine === turn) said.textContent = maps.words.failed;
    }
  };

  const summary = (/** @type {any} */ page) => {
    if (!page.total) return words.noCluster;
    if (due.checked) return fill(words.dueSum, { total: whole(page.total), n: page.items.length });
    return fill(words.pageSum, { from: offset + 1, to: offset + page.items.length, total: whole(page.total) });
  };

  const line = (/** @type {any} */ item, /** @type {number} */ run) => {
    const bounds = [
      [item.bbox[1], item.bbox[0]],
      [item.bbox[3], item.bbox[2]],
    ];
    const button = element(
      "button",
      { type: "button", onclick: () => maps.go({ bounds }) },
      element("span", { class: "score" }, String(item.score)),
      element("span", { class: "rank" }, String(item.rank)),
      item.label,
      element("span", { class: "facts" }, item.why),
      element("span", { class: "facts" }, item.record),
    );
    const href = `/map/fire/${item.cluster_id}?run=${run}${lang}`;
    return element("li", {}, button, element("a", { class: "gis-open", href }, words.open));
  };

  for (const control of [townships, kinds, due]) {
    control.addEventListener("change", () => {
      offset = 0;
      load();
    });
  }
  back.addEventListener("click", () => {
    offset = Math.max(0, offset - SIZE);
    load();
  });
  on.addEventListener("click", () => {
    offset += SIZE;
    load();
  });
  const filter = element(
    "div",
    { class: "gis-filter" },
    element("label", {}, words.township, townships),
    element("label", {}, words.class, kinds),
    element("label", {}, due, words.due),
    take,
  );
  const pager = element("div", { class: "gis-pager" }, back, on);
  byId("gis-list").append(element("h2", {}, words.ranked), filter, said, ordered, pager);
  said.textContent = maps.words.wait;
  drawn(maps.map).then(() => (turn ? undefined : load()));
}
