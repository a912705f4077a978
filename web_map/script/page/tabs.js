/* Tabs of a panel: one thing at a time, by mouse and by arrow keys. */
import { element } from "../dom.js";

/**
 * @param {HTMLElement} home
 * @param {any[]} parts id, name, node, and `shown`, called when a part comes to be seen; the first is shown.
 * @returns {(id: string, focus?: boolean) => void} Shows a part.
 */
export function tabs(home, parts) {
  const bar = element("div", { class: "gis-tabs", role: "tablist" });
  const show = (id, focus) => {
    for (const part of parts) {
      const on = part.id === id;
      part.tab.setAttribute("aria-selected", String(on));
      part.tab.tabIndex = on ? 0 : -1;
      part.panel.hidden = !on;
      if (on && focus) part.tab.focus();
      if (on) part.shown?.();
    }
  };
  for (const part of parts) {
    part.tab = element(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${part.id}`,
        "aria-controls": `panel-${part.id}`,
        onclick: () => show(part.id),
      },
      part.name,
    );
    part.panel = element(
      "div",
      { role: "tabpanel", id: `panel-${part.id}`, "aria-labelledby": `tab-${part.id}` },
      ...[].concat(part.node),
    );
    bar.append(part.tab);
  }
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = parts.findIndex((part) => part.tab.getAttribute("aria-selected") === "true");
    show(parts[(at + step + parts.length) % parts.length].id, true);
  });
  home.append(bar, ...parts.map((part) => part.panel));
  show(parts[0].id);
  return show;
}
