/* One's work: give somebody a place or take it back, set the days between two looks. */
import { act } from "../act.js";
import { all, byId } from "../dom.js";
import { onSubmit, reload } from "../form.js";
import { send } from "../http.js";
import { fill } from "../language.js";
import { wordsOf } from "../words.js";

const words = wordsOf().work;

onSubmit(byId("duty-form"), async (value) => {
  await send("POST", "/api/duties", {
    place: value("place"),
    kind: value("kind"),
    account: value("account"),
    name: value("name"),
    title: value("title"),
  });
  reload();
});

for (const button of all("[data-end]"))
  button.addEventListener("click", () => {
    const { account, kind, place, name } = button.dataset;
    if (!window.confirm(fill(words.end, { name, place }))) return;
    act(button, null, async () => {
      await send("POST", "/api/duties", { account, kind, place, name, holds: false });
      reload();
    });
  });

for (const days of all(".days"))
  onSubmit(days, async (value) => {
    await send("PUT", `/api/patrol-rules/${days.dataset.subject}`, {
      days: Number(value("days")),
      source: value("source"),
    });
    reload();
  });
