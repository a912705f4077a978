/* The page of a case: a step's form opens under its button; what the service refuses is said in it, and nothing
   is lost. */
import { attached } from "../attach.js";
import { all, byId, element, find } from "../dom.js";
import { onSubmit, reload } from "../form.js";
import { send } from "../http.js";
import { wordsOf } from "../words.js";

const words = wordsOf().cases;
const article = find(".case");
const form = byId("step-form");
/** @type {Record<string, any>} Each step that may be taken, and what it asks for. */
const forms = form ? JSON.parse(byId("step-forms").textContent) : {};
/** @type {any} The step whose form is open. */
let step = null;

function control(field, id) {
  const plain = { id, name: field.name, required: field.needed && field.kind !== "boolean" };
  if (field.kind === "choice")
    return element("select", plain, ...field.choices.map(([value, name]) => element("option", { value }, name)));
  if (field.kind === "boolean")
    return element(
      "select",
      { ...plain, required: field.needed },
      element("option", { value: "" }, "—"),
      element("option", { value: "true" }, words.yes),
      element("option", { value: "false" }, words.no),
    );
  if (field.kind === "text") return element("textarea", { ...plain, rows: 3, maxlength: 2000 });
  if (field.kind === "photographs")
    return element("input", { ...plain, type: "file", accept: "image/jpeg,image/png,image/webp", multiple: true });
  if (field.kind === "date") return element("input", { ...plain, type: "date", value: field.value || "" });
  if (field.kind === "integer" || field.kind === "number")
    return element("input", {
      ...plain,
      type: "number",
      min: 0,
      step: field.kind === "integer" ? 1 : "any",
      inputmode: "decimal",
    });
  return element("input", { ...plain, maxlength: 200 });
}

function open(button) {
  step = forms[button.dataset.step];
  for (const other of all("[data-step]")) other.setAttribute("aria-expanded", String(other === button));
  const line = (label, id, inside, wide) =>
    element("p", { class: wide ? "wide" : "" }, element("label", { for: id }, label), inside);
  const day = element("input", {
    id: "s-on",
    name: "on_day",
    type: "date",
    value: article.dataset.today,
    max: article.dataset.today,
    required: true,
  });
  form.replaceChildren(
    element("h3", {}, step.name, " ", element("small", {}, step.clause ? `〔${step.clause}〕` : "")),
    line(words.day, "s-on", day, false),
    ...step.fields.map((field, k) =>
      line(
        field.label + (field.needed ? "" : words.optional),
        `s-${k}`,
        control(field, `s-${k}`),
        field.kind === "text" || field.kind === "photographs",
      ),
    ),
    element(
      "p",
      { class: "wide" },
      element("button", { type: "submit", class: "main" }, step.name),
      " ",
      element("button", { type: "button", class: "cancel" }, words.cancel),
      " ",
      element("span", { role: "status" }),
    ),
  );
  form.querySelector(".cancel").addEventListener("click", () => {
    form.hidden = true;
    button.setAttribute("aria-expanded", "false");
    button.focus();
  });
  form.hidden = false;
  form.scrollIntoView({ block: "nearest" });
  form.querySelector("input, select, textarea").focus();
}

async function body() {
  /** @type {any} */
  const made = {
    kind: step.kind,
    what: step.what || null,
    on_day: form.elements.on_day.value,
    given: {},
    evidence: [],
  };
  for (const field of step.fields) {
    const input = form.elements[field.name];
    if (field.kind === "photographs") {
      made.evidence.push(...(await attached(article.dataset.house, input.files)));
      continue;
    }
    if (input.value.trim() === "") continue;
    const value =
      field.kind === "boolean"
        ? input.value === "true"
        : field.kind === "integer" || field.kind === "number"
          ? Number(input.value)
          : input.value.trim();
    if (field.name === "refers") made.refers = Number(value);
    else if (["reason", "responsible", "until"].includes(field.name)) made[field.name] = value;
    else made.given[field.name] = value;
  }
  return made;
}

for (const button of all("[data-step]")) button.addEventListener("click", () => open(button));
onSubmit(form, async () => {
  await send("POST", `/api/cases/${article.dataset.case}/events`, await body());
  reload();
});
