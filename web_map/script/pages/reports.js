/* The page of the tables: a step of the six is said, and what the service refuses is shown. */
import { byId } from "../dom.js";
import { send } from "../http.js";
import { wordsOf } from "../words.js";

const words = wordsOf().bulletins;
const form = byId("step-form");
if (form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = byId("step-said");
    const value = (name) => form.elements[name].value.trim() || null;
    said.className = "";
    said.textContent = words.saving;
    try {
      await send("POST", "/api/work-steps", {
        unit_code: value("unit_code"),
        step: value("step"),
        done_on: value("done_on"),
        proof: value("proof"),
      });
      window.location.reload();
    } catch (error) {
      said.className = "error";
      said.textContent = error.message;
    }
  });
}
