/* A window over the page, which waits until something in it is done. */
import { element } from "./dom.js";

let number = 0;

/**
 * @param {string} title
 * @param {(close: () => void) => (Node | string)[]} content What stands in it; `close` takes it away.
 * @param {{must?: boolean}} [options] `must`: the Escape key does not close it.
 * @returns {Promise<void>} Fulfilled once it is closed.
 */
export function dialog(title, content, { must = false } = {}) {
  return new Promise((done) => {
    const id = `gis-dialog-${++number}`;
    const box = element("dialog", { class: "gis-dialog", "aria-labelledby": id }, element("h2", { id }, title));
    box.append(...content(() => box.close()));
    box.addEventListener("cancel", (/** @type {Event} */ event) => must && event.preventDefault());
    box.addEventListener("close", () => {
      box.remove();
      done();
    });
    document.body.append(box);
    box.showModal();
  });
}
