/* Tables: a heading sorts, a row shows its place on the map. */
import { all } from "../dom.js";

/** @param {import("./maps.js").Maps} maps */
export function tables(maps) {
  for (const table of all("table.gis-table")) {
    const body = table.tBodies[0];
    table.querySelectorAll("thead button").forEach((button, column) => {
      button.addEventListener("click", () => {
        const heading = button.closest("th");
        const down = heading.getAttribute("aria-sort") !== "descending";
        for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const value = (row) => {
          const cell = row.cells[column];
          return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
        };
        const rows = [...body.rows].sort((a, b) => {
          const x = value(a),
            y = value(b);
          const order = typeof x === "number" ? x - y : x.localeCompare(y, "zh-CN");
          return down ? -order : order;
        });
        body.append(...rows);
      });
    });
    body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (!row || event.target.closest("a") || !row.dataset.at) return;
      const [lat, lon] = row.dataset.at.split(",").map(Number);
      maps.map.setView([lat, lon], 13);
    });
  }
}
