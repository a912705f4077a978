/* The page of the rounds: one is opened or closed; what the service refuses is said. */
"use strict";
(function () {
  const english = document.documentElement.lang === "en";
  const token = document.querySelector('meta[name="csrf-token"]');
  const said = document.getElementById("rounds-said");

  async function post(address, body) {
    const headers = { Accept: "application/json", "Content-Type": "application/json" };
    if (token) headers["X-CSRF-Token"] = token.content;
    const answer = await fetch(address + (english ? "?lang=en" : ""), { method: "POST", headers, body: JSON.stringify(body) }).catch(() => null);
    const given = answer && (await answer.json().catch(() => null));
    if (answer && answer.ok) { window.location.reload(); return; }
    said.className = "error";
    said.textContent = given && given.error ? given.error.message : english ? "It did not work; try again." : "没有成功，请重试。";
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
