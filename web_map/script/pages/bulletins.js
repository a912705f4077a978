/* Bulletins: one is opened by kind and day; letters to slow units and points are saved; refusals are said. */
import { all, byId } from "../dom.js";
import { send } from "../http.js";
import { language } from "../language.js";
import { wordsOf } from "../words.js";

const words = wordsOf().bulletins;

async function save(said, address, body) {
  said.className = "";
  said.textContent = words.saving;
  try {
    await send("POST", address, body);
    window.location.reload();
  } catch (error) {
    said.className = "error";
    said.textContent = error.message;
  }
}

const asked = byId("bulletin-form");
if (asked) {
  asked.addEventListener("submit", (event) => {
    event.preventDefault();
    const query = new URLSearchParams({ kind: asked.elements.kind.value });
    if (language() === "en") query.set("lang", "en");
    window.location.assign(`/bulletins/${asked.elements.day.value}?${query}`);
  });
}

const points = byId("points-form");
if (points) {
  points.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries(
      [...points.querySelectorAll("input")].map((input) => [input.name, Number(input.value)]),
    );
    save(byId("points-said"), "/api/assessment", { points: given });
  });
}

for (const form of all(".remind")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = (name) => form.elements[name].value.trim() || null;
    save(form.querySelector("[role=status]"), "/api/letters", {
      unit_code: form.dataset.unit,
      step: form.dataset.step,
      kind: value("kind"),
      number: value("number"),
      issued_on: value("issued_on"),
      due_on: value("due_on"),
      meeting: value("meeting"),
      reason: value("reason"),
    });
  });
}
