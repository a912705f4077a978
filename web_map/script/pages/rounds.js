/* The page of the rounds: one is opened or closed; what the service refuses is said. */
import { all, byId } from "../dom.js";
import { send } from "../http.js";
import { wordsOf } from "../words.js";

const words = wordsOf().rounds;
const said = byId("rounds-said");

async function post(address, body) {
  try {
    await send("POST", address, body);
    window.location.reload();
  } catch (error) {
    said.className = "error";
    said.textContent = error.message;
  }
}

for (const button of all(".close-round")) {
  button.addEventListener("click", () => {
    if (window.confirm(words.close)) post(`/api/rounds/${button.dataset.round}/close`, {});
  });
}
const form = byId("round-form");
if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = (name) => form.elements[name].value || null;
    const filter = form.elements.operating.checked ? { use_class: ["commercial", "mixed"] } : {};
    const deadlines = value("due_on") ? [{ step: value("step"), due_on: value("due_on") }] : [];
    post("/api/rounds", {
      name: value("name"),
      kind: value("kind"),
      first_day: value("first_day"),
      last_day: value("last_day"),
      filter,
      deadlines,
    });
  });
}
