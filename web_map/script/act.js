/* Doing what a button asks for: the button waits, what becomes of it is said beside it, a refusal stays to be read. */
import { dialog } from "./dialog.js";
import { element } from "./dom.js";
import { wordsOf } from "./words.js";

/**
 * @param {any} button Waits until it is done; null where there is none.
 * @param {any} said Where it is told; null tells a refusal in a window.
 * @param {() => Promise<boolean | void>} doing Returns true where the page stays as it is; else another comes, and the
 *   button is not pressed twice meanwhile.
 */
export async function act(button, said, doing) {
  if (button) button.disabled = true;
  if (said) {
    said.className = "";
    said.textContent = wordsOf().act.doing;
  }
  try {
    if (!(await doing())) return;
    if (said) said.textContent = "";
  } catch (error) {
    if (said) {
      said.className = "bad late";
      said.textContent = error.message;
    } else {
      const { refused, close: word } = wordsOf().act;
      await dialog(refused, (close) => [
        element("p", {}, error.message),
        element("p", {}, element("button", { type: "button", onclick: close }, word)),
      ]);
    }
  }
  if (button) button.disabled = false;
}
