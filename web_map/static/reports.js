/* The page of the tables: a step of the six is said, and what the service refuses is shown. */
"use strict";
(function () {
  const { t, send } = window.page;
  const form = document.getElementById("step-form");
  if (!form) return;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = document.getElementById("step-said");
    const value = (name) => form.elements[name].value.trim() || null;
    said.className = "";
    said.textContent = t("正在保存…", "Saving…");
    try {
      await send("/api/work-steps", { unit_code: value("unit_code"), step: value("step"), done_on: value("done_on"), proof: value("proof") });
      window.location.reload();
    } catch (error) {
      said.className = "error";
      said.textContent = error.message;
    }
  });
})();
