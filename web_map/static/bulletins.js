/* Bulletins: one is opened by kind and day; a reminder and the points are saved, and what the service refuses is said. */
"use strict";
(function () {
  const { english, t, send } = window.page;

  async function save(said, act) {
    said.className = "";
    said.textContent = t("正在保存…", "Saving…");
    try {
      await act();
      window.location.reload();
    } catch (error) {
      said.className = "error";
      said.textContent = error.message;
    }
  }

  const asked = document.getElementById("bulletin-form");
  if (asked) asked.addEventListener("submit", (event) => {
    event.preventDefault();
    const query = new URLSearchParams({ kind: asked.elements.kind.value });
    if (english) query.set("lang", "en");
    window.location.assign(`/bulletins/${asked.elements.day.value}?${query}`);
  });

  const points = document.getElementById("points-form");
  if (points) points.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = {};
    for (const input of points.querySelectorAll("input")) given[input.name] = Number(input.value);
    save(document.getElementById("points-said"), () => send("/api/assessment", { points: given }));
  });

  for (const form of document.querySelectorAll(".remind")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const value = (name) => form.elements[name].value.trim() || null;
      save(form.querySelector("[role=status]"), () => send("/api/reminders", {
        unit_code: form.dataset.unit, step: form.dataset.step, kind: value("kind"), on_day: value("on_day"),
        number: value("number"), note: value("note"),
      }));
    });
  }
})();
