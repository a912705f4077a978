/* Joint enforcement: an action is made of the chosen houses; findings are saved house by house, photographs first. */
import { attached } from "../attach.js";
import { all, byId, find } from "../dom.js";
import { onSubmit, reload } from "../form.js";
import { send } from "../http.js";
import { langQuery } from "../language.js";

const form = byId("action-form");
const every = byId("all");
if (every)
  every.addEventListener("change", () => {
    for (const tick of form.querySelectorAll('[name="house"]')) tick.checked = every.checked;
  });
const chosen = (name) => all(`[name="${name}"]:checked`, form).map((tick) => tick.value);
onSubmit(form, async (value) => {
  const made = await send("POST", "/api/enforcements", {
    on_day: value("on_day"),
    lead: value("lead"),
    departments: chosen("with"),
    houses: chosen("house"),
    note: value("note"),
  });
  window.location.assign(`/enforcement/${made.enforcement_id}${langQuery()}`);
});

const action = find("[data-action]");
for (const finding of all(".finding"))
  onSubmit(finding, async (value) => {
    const { house } = finding.dataset;
    await send("POST", `/api/enforcements/${action.dataset.action}/findings`, {
      building_id: house,
      found: value("found"),
      measure: value("measure"),
      note: value("note"),
      photographs: await attached(house, finding.elements.photographs.files),
    });
    reload();
  });
