/* The page of the rounds: one is opened or closed; what the service refuses is said. */
"use strict";
(function () {
  const { english, send } = window.page;
  const said = document.getElementById("rounds-said");

  async function post(address, body) {
    try {
      await send(address, body);
      window.location.reload();
    } catch (error) {
      said.className = "error";
      said.textContent = error.message;
    }
  }

  for (const button of document.querySelectorAll(".close-round")) {
    button.addEventListener("click", () => {
      if (window.confirm(english ? "Close this round today?" : "今天关闭这个轮次？")) post(`/api/rounds/${button.dataset.round}/close`, {});
    });
  }
  const form = document.getElementById("round-form");
  if (form) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const value = (name) => form.elements[name].value || null;
      const filter = form.elements.operating.checked ? { use_class: ["commercial", "mixed"] } : {};
      const deadlines = value("due_on") ? [{ step: value("step"), due_on: value("due_on") }] : [];
      post("/api/rounds", { name: value("name"), kind: value("kind"), first_day: value("first_day"), last_day: value("last_day"), filter, deadlines });
    });
  }
})();
