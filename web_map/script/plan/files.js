/* What can be taken along: files of the plan, of a team, of a day. */
import { element } from "../dom.js";

/** @typedef {import("./plan.js").Plan} Plan */

/** @param {Plan} plan */
export function files(plan) {
  const w = plan.words,
    at = `/api/plans/${plan.data.id}`,
    v = `version=${plan.data.version}`,
    lang = plan.zh ? "" : "&lang=en";
  const link = (text, href) => element("a", { href }, text);
  return element(
    "div",
    { class: "plan-files" },
    element("h3", {}, w.whole),
    element(
      "p",
      { class: "gis-links" },
      link("xlsx", `${at}/export?${v}&format=xlsx`),
      link("GeoPackage (QField)", `${at}/export?${v}&format=gpkg`),
      link("GeoJSON", `${at}/export?${v}&format=geojson`),
      link("html", `/plans/${plan.data.id}/offline?${v}${lang}`),
    ),
    element("h3", {}, w.perTeam),
    element(
      "p",
      { class: "gis-links" },
      ...plan.data.teams.map((t) =>
        link(`${t.n} ${t.name}`, `/plans/${plan.data.id}/offline?${v}&team=${encodeURIComponent(t.name)}${lang}`),
      ),
    ),
    element("h3", {}, w.sheets),
    element(
      "ul",
      {},
      ...plan.data.teams.map((t) =>
        element(
          "li",
          {},
          `${t.n} ${t.name} `,
          link("PDF", `${at}/sheets?${v}&team=${encodeURIComponent(t.name)}`),
          " ",
          link("xlsx", `${at}/sheets?${v}&team=${encodeURIComponent(t.name)}&format=xlsx`),
        ),
      ),
    ),
  );
}
