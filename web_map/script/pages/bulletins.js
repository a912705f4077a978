/* Bulletins: one is opened by kind and day; letters to slow units and points are saved. */
import { all, byId } from "../dom.js";
import { onSubmit, reload } from "../form.js";
import { send } from "../http.js";
import { language } from "../language.js";

onSubmit(byId("bulletin-form"), async (value) => {
  const query = new URLSearchParams({ kind: value("kind") ?? "" });
  if (language() === "en") query.set("lang", "en");
  window.location.assign(`/bulletins/${value("day")}?${query}`);
  return true;
});

const points = byId("points-form");
onSubmit(points, async () => {
  const given = Object.fromEntries(all("input", points).map((input) => [input.name, Number(input.value)]));
  await send("POST", "/api/assessment", { points: given });
  reload();
});

for (const form of all(".remind"))
  onSubmit(form, async (value) => {
    await send("POST", "/api/letters", {
      unit_code: form.dataset.unit,
      step: form.dataset.step,
      kind: value("kind"),
      number: value("number"),
      issued_on: value("issued_on"),
      due_on: value("due_on"),
      meeting: value("meeting"),
      reason: value("reason"),
    });
    reload();
  });
