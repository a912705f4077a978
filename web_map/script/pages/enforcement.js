/* Joint enforcement: an action is made of the chosen houses; findings are saved house by house, photographs first. */
import { act } from "../act.js";
import { all, byId, find } from "../dom.js";
import { send } from "../http.js";
import { langQuery } from "../language.js";

const form = byId("action-form");
const every = byId("all");
if (every)
  every.addEventListener("change", () => {
    for (const tick of form.querySelectorAll('[name="house"]')) tick.checked = every.checked;
  });
if (form)
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = (name) => [...form.querySelectorAll(`[name="${name}"]:checked`)].map((tick) => tick.value);
    act(form.querySelector("button.main"), byId("action-said"), async () => {
      const made = await send("POST", "/api/enforcements", {
        on_day: form.elements.on_day.value,
        lead: form.elements.lead.value,
        departments: chosen("with"),
        houses: chosen("house"),
        note: form.elements.note.value.trim() || null,
      });
      window.location.assign(`/enforcement/${made.enforcement_id}${langQuery()}`);
    });
  });

const action = find("[data-action]");
for (const finding of all(".finding")) {
  finding.addEventListener("submit", (event) => {
    event.preventDefault();
    const house = finding.dataset.house;
    act(finding.querySelector("button"), finding.querySelector("[role=status]"), async () => {
      const photographs = [];
      for (const file of finding.elements.photographs.files) {
        photographs.push(
          (await send("POST", `/api/attachments?building_id=${encodeURIComponent(house)}`, file, file.type)).sha256,
        );
      }
      await send("POST", `/api/enforcements/${action.dataset.action}/findings`, {
        building_id: house,
        found: finding.elements.found.value,
        measure: finding.elements.measure.value.trim() || null,
        note: finding.elements.note.value.trim() || null,
        photographs,
      });
      window.location.reload();
    });
  });
}
