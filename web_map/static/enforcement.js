/* Joint enforcement: an action is made of the chosen houses; findings are saved house by house, photographs first. */
"use strict";
(function () {
  const { english, t, send } = window.page;

  async function save(button, said, act) {
    button.disabled = true;
    said.className = "";
    said.textContent = t("正在保存…", "Saving…");
    try {
      await act();
    } catch (error) {
      said.className = "bad late";
      said.textContent = error.message;
      button.disabled = false;
    }
  }

  const form = document.getElementById("action-form");
  const all = document.getElementById("all");
  if (all) all.addEventListener("change", () => { for (const tick of form.querySelectorAll('[name="house"]')) tick.checked = all.checked; });
  if (form) form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = (name) => [...form.querySelectorAll(`[name="${name}"]:checked`)].map((tick) => tick.value);
    save(form.querySelector("button.main"), document.getElementById("action-said"), async () => {
      const made = await send("/api/enforcements", JSON.stringify({
        on_day: form.elements.on_day.value, lead: form.elements.lead.value, departments: chosen("with"), houses: chosen("house"),
        note: form.elements.note.value.trim() || null,
      }), "application/json");
      window.location.assign(`/enforcement/${made.enforcement_id}${english ? "?lang=en" : ""}`);
    });
  });

  const action = document.querySelector("[data-action]");
  for (const finding of document.querySelectorAll(".finding")) {
    finding.addEventListener("submit", (event) => {
      event.preventDefault();
      const house = finding.dataset.house;
      save(finding.querySelector("button"), finding.querySelector("[role=status]"), async () => {
        const photographs = [];
        for (const file of finding.elements.photographs.files) {
          photographs.push((await send(`/api/attachments?building_id=${encodeURIComponent(house)}`, file, file.type)).sha256);
        }
        await send(`/api/enforcements/${action.dataset.action}/findings`, JSON.stringify({
          building_id: house, found: finding.elements.found.value, measure: finding.elements.measure.value.trim() || null,
          note: finding.elements.note.value.trim() || null, photographs,
        }), "application/json");
        window.location.reload();
      });
    });
  }
})();
