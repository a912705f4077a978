/* The page of a house: a judgement is entered and confirmed; what the service refuses is said beside the button. */
import { act } from "../act.js";
import { all, byId, element, find } from "../dom.js";
import { onSubmit, reload } from "../form.js";
import { send } from "../http.js";
import { langQuery } from "../language.js";

const article = find(".house");

const form = byId("judge-form");
if (form) {
  const kind = form.elements.kind;
  const fit = () => {
    const graded = kind.value === "appraisal";
    for (const part of form.querySelectorAll(".of-grade")) part.hidden = !graded;
    for (const part of form.querySelectorAll(".of-tier")) part.hidden = graded;
  };
  kind.addEventListener("change", fit);
  fit();
  onSubmit(form, async (value) => {
    const graded = kind.value === "appraisal";
    await send("POST", "/api/judgements", {
      building_id: article.dataset.house,
      kind: kind.value,
      judged_on: value("judged_on"),
      judge: value("judge"),
      judge_unit: value("judge_unit"),
      reason: value("reason"),
      late: form.elements.late.checked,
      supersedes: value("supersedes") === null ? null : Number(value("supersedes")),
      ...(graded ? { grade: value("grade"), institution: value("institution") } : { tier: value("tier") }),
    });
    reload();
  });
}

/* What becomes of a button's deed is said behind it. */
function deed(button, address, body) {
  const said = element("small", { role: "status" });
  button.parentElement.append(" ", said);
  act(button, said, async () => {
    await send("POST", address, body);
    reload();
  });
}

for (const button of all("[data-accept]"))
  button.addEventListener("click", () => {
    const { proposal } = button.closest("[data-proposal]").dataset;
    deed(button, `/api/proposals/${proposal}/decision`, { accepted: button.dataset.accept === "true" });
  });

onSubmit(byId("case-form"), async (value) => {
  const made = await send("POST", "/api/cases", {
    building_id: article.dataset.house,
    kind: value("kind"),
    on_day: value("on_day"),
    reason: value("reason") ?? "",
  });
  window.location.assign(`/cases/${made.case_id}${langQuery()}`);
});

for (const button of all(".confirm"))
  button.addEventListener("click", () => deed(button, `/api/judgements/${button.dataset.judgement}/confirm`, {}));
