/* The page of a house: a judgement is entered and confirmed; what the service refuses is said beside the button. */
"use strict";
(function () {
  const article = document.querySelector(".house");
  const { english, send } = window.page;

  const form = document.getElementById("judge-form");
  if (form) {
    const said = document.getElementById("judge-said");
    const kind = form.elements.kind;
    const fit = () => {
      const graded = kind.value === "appraisal";
      for (const part of form.querySelectorAll(".of-grade")) part.hidden = !graded;
      for (const part of form.querySelectorAll(".of-tier")) part.hidden = graded;
    };
    kind.addEventListener("change", fit);
    fit();
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const graded = kind.value === "appraisal";
      const value = (name) => form.elements[name].value.trim() || null;
      const body = {
        building_id: article.dataset.house, kind: kind.value, judged_on: value("judged_on"), judge: value("judge"),
        judge_unit: value("judge_unit"), reason: value("reason"), late: form.elements.late.checked,
        supersedes: value("supersedes") === null ? null : Number(value("supersedes")),
      };
      if (graded) { body.grade = value("grade"); body.institution = value("institution"); } else body.tier = value("tier");
      const button = form.querySelector("button");
      button.disabled = true;
      said.className = "";
      said.textContent = english ? "Saving…" : "正在保存…";
      try {
        await send("/api/judgements", body);
        window.location.reload();
      } catch (error) {
        said.className = "bad";
        said.textContent = error.message;
        button.disabled = false;
      }
    });
  }

  for (const button of document.querySelectorAll("[data-accept]")) {
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await send(`/api/proposals/${button.closest("[data-proposal]").dataset.proposal}/decision`, { accepted: button.dataset.accept === "true" });
        window.location.reload();
      } catch (error) {
        button.parentElement.append(" ", Object.assign(document.createElement("small"), { textContent: error.message }));
      }
    });
  }

  const opening = document.getElementById("case-form");
  if (opening) {
    opening.addEventListener("submit", async (event) => {
      event.preventDefault();
      const said = document.getElementById("case-said");
      const button = opening.querySelector("button");
      button.disabled = true;
      said.className = said.textContent = "";
      try {
        const value = (name) => opening.elements[name].value.trim();
        const made = await send("/api/cases", { building_id: article.dataset.house, kind: value("kind"), on_day: value("on_day"), reason: value("reason") });
        window.location.assign(`/cases/${made.case_id}${english ? "?lang=en" : ""}`);
      } catch (error) {
        said.className = "bad";
        said.textContent = error.message;
        button.disabled = false;
      }
    });
  }

  for (const button of document.querySelectorAll(".confirm")) {
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await send(`/api/judgements/${button.dataset.judgement}/confirm`, {});
        window.location.reload();
      } catch (error) {
        button.after(" ", Object.assign(document.createElement("small"), { textContent: error.message }));
      }
    });
  }
})();
