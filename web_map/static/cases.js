/* The page of a case: a step's form opens under its button; what the service refuses is said in it, and nothing is lost. */
"use strict";
(function () {
  const article = document.querySelector(".case");
  const form = document.getElementById("step-form");
  if (!form) return;
  const forms = JSON.parse(document.getElementById("step-forms").textContent);
  const { t, send } = window.page;
  let step = null;

  function element(name, attributes, ...inside) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) if (value !== false) made.setAttribute(key, value === true ? "" : value);
    made.append(...inside);
    return made;
  }

  function control(field, id) {
    const plain = { id, name: field.name, required: field.needed && field.kind !== "boolean" };
    if (field.kind === "choice") return element("select", plain, ...field.choices.map(([value, name]) => element("option", { value }, name)));
    if (field.kind === "boolean") return element("select", { ...plain, required: field.needed }, element("option", { value: "" }, "—"), element("option", { value: "true" }, t("是", "yes")), element("option", { value: "false" }, t("否", "no")));
    if (field.kind === "text") return element("textarea", { ...plain, rows: 3, maxlength: 2000 });
    if (field.kind === "photographs") return element("input", { ...plain, type: "file", accept: "image/jpeg,image/png,image/webp", multiple: true });
    if (field.kind === "date") return element("input", { ...plain, type: "date", value: field.value || "" });
    if (field.kind === "integer" || field.kind === "number") return element("input", { ...plain, type: "number", min: 0, step: field.kind === "integer" ? 1 : "any", inputmode: "decimal" });
    return element("input", { ...plain, maxlength: 200 });
  }

  function open(button) {
    step = forms[button.dataset.step];
    for (const other of document.querySelectorAll("[data-step]")) other.setAttribute("aria-expanded", String(other === button));
    const line = (label, id, inside, wide) => element("p", { class: wide ? "wide" : "" }, element("label", { for: id }, label), inside);
    const day = element("input", { id: "s-on", name: "on_day", type: "date", value: article.dataset.today, max: article.dataset.today, required: true });
    form.replaceChildren(
      element("h3", {}, step.name, " ", element("small", {}, step.clause ? `〔${step.clause}〕` : "")),
      line(t("日期", "Day"), "s-on", day, false),
      ...step.fields.map((field, k) => line(field.label + (field.needed ? "" : t("（可空）", " (optional)")), `s-${k}`, control(field, `s-${k}`), field.kind === "text" || field.kind === "photographs")),
      element("p", { class: "wide" }, element("button", { type: "submit", class: "main" }, step.name), " ",
        element("button", { type: "button", class: "cancel" }, t("取消", "Cancel")), " ", element("span", { role: "status" })),
    );
    form.querySelector(".cancel").addEventListener("click", () => { form.hidden = true; button.setAttribute("aria-expanded", "false"); button.focus(); });
    form.hidden = false;
    form.scrollIntoView({ block: "nearest" });
    form.querySelector("input, select, textarea").focus();
  }

  async function body() {
    const made = { kind: step.kind, what: step.what || null, on_day: form.elements.on_day.value, given: {}, evidence: [] };
    for (const field of step.fields) {
      const input = form.elements[field.name];
      if (field.kind === "photographs") {
        for (const file of input.files) {
          const stored = await send(`/api/attachments?building_id=${encodeURIComponent(article.dataset.house)}`, file, file.type);
          made.evidence.push(stored.sha256);
        }
        continue;
      }
      if (input.value.trim() === "") continue;
      const value = field.kind === "boolean" ? input.value === "true" : field.kind === "integer" || field.kind === "number" ? Number(input.value) : input.value.trim();
      if (field.name === "refers") made.refers = Number(value);
      else if (["reason", "responsible", "until"].includes(field.name)) made[field.name] = value;
      else made.given[field.name] = value;
    }
    return JSON.stringify(made);
  }

  for (const button of document.querySelectorAll("[data-step]")) button.addEventListener("click", () => open(button));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = form.querySelector("[role=status]");
    const button = form.querySelector("button.main");
    button.disabled = true;
    said.className = "";
    said.textContent = t("正在保存…", "Saving…");
    try {
      await send(`/api/cases/${article.dataset.case}/events`, await body(), "application/json");
      window.location.reload();
    } catch (error) {
      said.className = "bad";
      said.textContent = error.message;
      button.disabled = false;
    }
  });
})();
