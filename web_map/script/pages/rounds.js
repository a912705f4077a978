/* The page of the rounds: one is opened or closed. */
import { act } from "../act.js";
import { all, byId } from "../dom.js";
import { onSubmit, reload } from "../form.js";
import { send } from "../http.js";
import { wordsOf } from "../words.js";

const words = wordsOf().rounds;
const said = byId("rounds-said");

for (const button of all(".close-round"))
  button.addEventListener("click", () => {
    if (!window.confirm(words.close)) return;
    act(button, said, async () => {
      await send("POST", `/api/rounds/${button.dataset.round}/close`, {});
      reload();
    });
  });

const form = byId("round-form");
onSubmit(
  form,
  async (value) => {
    await send("POST", "/api/rounds", {
      name: value("name"),
      kind: value("kind"),
      first_day: value("first_day"),
      last_day: value("last_day"),
      filter: form.elements.operating.checked ? { use_class: ["commercial", "mixed"] } : {},
      deadlines: value("due_on") ? [{ step: value("step"), due_on: value("due_on") }] : [],
    });
    reload();
  },
  said,
);
