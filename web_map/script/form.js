/* A form of a page: sent once, what becomes of it is said in it, a refusal leaves what was typed. */
import { act } from "./act.js";
import { find } from "./dom.js";

/**
 * @typedef {(name: string) => string | null} Value  What stands in a field; null where it is empty.
 *
 * @param {any} form Nothing is done where a page has none.
 * @param {(value: Value) => Promise<boolean | void>} doing As for `act`.
 * @param {any} [said] Where it is told; the form's own place otherwise.
 */
export function onSubmit(form, doing, said) {
  form?.addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const button = find("button.main", form) ?? find("button[type=submit]", form);
    act(button, said ?? find("[role=status]", form), () => doing((name) => form.elements[name].value.trim() || null));
  });
}

/** The other page that a change leads to: this one, as it is now. */
export const reload = () => window.location.reload();
