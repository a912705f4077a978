/* One's work: give somebody a place or take it back, set the days between two looks. */
import { all, byId } from "../dom.js";
import { send } from "../http.js";
import { fill } from "../language.js";
import { wordsOf } from "../words.js";

const words = wordsOf().work;

/**
 * @param {any} button
 * @param {any} said
 * @param {() => Promise<void>} act
 */
async function save(button, said, act) {
  button.disabled = true;
  if (said) {
    said.className = "";
    said.textContent = words.saving;
  }
  try {
    await act();
  } catch (error) {
    if (said) {
      said.className = "bad";
      said.textContent = error.message;
    } else window.alert(error.message);
    button.disabled = false;
  }
}

const form = byId("duty-form");
if (form)
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { place, kind, account, name, title } = form.elements;
    save(form.querySelector("button.main"), byId("duty-said"), async () => {
      await send("POST", "/api/duties", {
        place: place.value.trim(),
        kind: kind.value,
        account: account.value.trim(),
        name: name.value.trim(),
        title: title.value.trim() || null,
      });
      window.location.reload();
    });
  });

for (const button of all("[data-end]"))
  button.addEventListener("click", () => {
    const { account, kind, place, name } = button.dataset;
    if (!window.confirm(fill(words.end, { name, place }))) return;
    save(button, null, async () => {
      await send("POST", "/api/duties", { account, kind, place, name, holds: false });
      window.location.reload();
    });
  });

for (const days of all(".days"))
  days.addEventListener("submit", (event) => {
    event.preventDefault();
    const said = days.querySelector("[role=status]");
    save(days.querySelector("button"), said, async () => {
      await send("PUT", `/api/patrol-rules/${days.dataset.subject}`, {
        days: Number(days.elements.days.value),
        source: days.elements.source.value.trim() || null,
      });
      window.location.reload();
    });
  });
