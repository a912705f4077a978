/* The page of a house: a judgement is entered and confirmed; what the service refuses is said beside the button. */
import { all, byId, find } from "../dom.js";
import { send } from "../http.js";
import { langQuery } from "../language.js";
import { wordsOf } from "../words.js";

const words = wordsOf().house;
const article = find(".house");

const form = byId("judge-form");
if (form) {
  const said = byId("judge-said");
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
      building_id: article.dataset.house,
      kind: kind.value,
      judged_on: value("judged_on"),
      judge: value("judge"),
      judge_unit: value("judge_unit"),
      reason: value("reason"),
      late: form.elements.late.checked,
      supersedes: value("supersedes") === null ? null : Number(value("supersedes")),
    };
    if (graded) {
      body.grade = value("grade");
      body.institution = value("institution");
    } else body.tier = value("tier");
    const button = form.querySelector("button");
    button.disabled = true;
    said.className = "";
    said.textContent = words.saving;
    try {
      await send("POST", "/api/judgements", body);
      window.location.reload();
    } catch (error) {
      said.className = "bad";
      said.textContent = error.message;
      button.disabled = false;
    }
  });
}

for (const button of all("[data-accept]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await send("POST", `/api/proposals/${button.closest("[data-proposal]").dataset.proposal}/decision`, {
        accepted: button.dataset.accept === "true",
      });
      window.location.reload();
    } catch (error) {
      button.parentElement.append(" ", Object.assign(document.createElement("small"), { textContent: error.message }));
    }
  });
}

const opening = byId("case-form");
if (opening) {
  opening.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = byId("case-said");
    const button = opening.querySelector("button");
    button.disabled = true;
    said.className = said.textContent = "";
    try {
      const value = (name) => opening.elements[name].value.trim();
      const made = await send("POST", "/api/cases", {
        building_id: article.dataset.house,
        kind: value("kind"),
        on_day: value("on_day"),
        reason: value("reason"),
      });
      window.location.assign(`/cases/${made.case_id}${langQuery()}`);
    } catch (error) {
      said.className = "bad";
      said.textContent = error.message;
      button.disabled = false;
    }
  });
}

for (const button of all(".confirm")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await send("POST", `/api/judgements/${button.dataset.judgement}/confirm`, {});
      window.location.reload();
    } catch (error) {
      button.after(" ", Object.assign(document.createElement("small"), { textContent: error.message }));
    }
  });
}
