/* One's work: give somebody a place or take it back, set the days between two looks. */
import { act } from "../act.js";
import { all, byId } from "../dom.js";
import { send } from "../http.js";
import { fill } from "../language.js";
import { wordsOf } from "../words.js";

const words = wordsOf().work;

const form = byId("duty-form");
if (form)
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { place, kind, account, name, title } = form.elements;
    act(form.querySelector("button.main"), byId("duty-said"), async () => {
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
    act(button, null, async () => {
      await send("POST", "/api/duties", { account, kind, place, name, holds: false });
      window.location.reload();
    });
  });

for (const days of all(".days"))
  days.addEventListener("submit", (event) => {
    event.preventDefault();
    const said = days.querySelector("[role=status]");
    act(days.querySelector("button"), said, async () => {
      await send("PUT", `/api/patrol-rules/${days.dataset.subject}`, {
        days: Number(days.elements.days.value),
        source: days.elements.source.value.trim() || null,
      });
      window.location.reload();
    });
  });
