/* Notices: issued to the chosen houses as a job, served with photographs of the receipt; letters; templates. */
"use strict";
(function () {
  const { english, t, send } = window.page;
  const mark = english ? "?lang=en" : "";

  async function act(button, said, doing) {
    if (button) button.disabled = true;
    said.className = "";
    said.textContent = t("正在保存…", "Saving…");
    try {
      await doing();
    } catch (error) {
      said.className = "bad late";
      said.textContent = error.message;
      if (button) button.disabled = false;
    }
  }

  const form = document.getElementById("notices-form");
  const told = document.getElementById("notices-said") || form.appendChild(document.createElement("p"));
  const all = document.getElementById("all");
  if (all) all.addEventListener("change", () => { for (const tick of form.querySelectorAll('[name="house"]')) tick.checked = all.checked; });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = (name) => form.elements[name].value.trim() || null;
    act(form.querySelector("button.main"), told, async () => {
      const job = await send("/api/notices", {
        kind: form.dataset.kind, houses: [...form.querySelectorAll('[name="house"]:checked')].map((tick) => tick.value),
        number: value("number"), first: Number(value("first")), until: value("until"), format: value("format"),
      });
      window.location.assign(`/jobs/${job.job_id}${mark}`);
    });
  });
  for (const button of document.querySelectorAll("[data-again]")) {
    button.addEventListener("click", () => act(button, told, async () => {
      const job = await send("/api/notices/print", { ids: [Number(button.dataset.again)], format: "docx" });
      window.location.assign(`/jobs/${job.job_id}${mark}`);
    }));
  }

  const serve = document.getElementById("serve-form");
  let of = null;
  for (const button of document.querySelectorAll("[data-serve]")) {
    button.addEventListener("click", () => {
      of = button;
      document.getElementById("serve-of").textContent = button.dataset.number;
      serve.elements.served_on.min = button.dataset.issued;
      serve.hidden = false;
      button.closest("tr").after(serve.closest("tr") || row(serve));
      serve.elements.served_on.focus();
    });
  }
  /* The form stands under the house that it is about. */
  function row(inside) {
    const made = document.createElement("tr");
    const cell = made.appendChild(document.createElement("td"));
    cell.colSpan = 6;
    cell.append(inside);
    return made;
  }
  serve.querySelector(".cancel").addEventListener("click", () => { serve.hidden = true; of.focus(); });
  serve.addEventListener("submit", (event) => {
    event.preventDefault();
    act(serve.querySelector("button.main"), serve.querySelector("[role=status]"), async () => {
      const receipt = [];
      for (const file of serve.elements.receipt.files) {
        receipt.push((await send(`/api/attachments?building_id=${encodeURIComponent(of.dataset.house)}`, file, file.type)).sha256);
      }
      await send(`/api/notices/${of.dataset.serve}/service`, {
        served_on: serve.elements.served_on.value, method: serve.elements.method.value, receipt, reason: serve.elements.reason.value.trim() || null,
      });
      window.location.reload();
    });
  });

  const letter = document.getElementById("letter-form");
  if (letter) letter.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = (name) => letter.elements[name].value.trim() || null;
    act(letter.querySelector("button"), letter.querySelector("[role=status]"), async () => {
      const body = {};
      for (const name of ["kind", "unit_code", "number", "due_on", "meeting", "reason"]) body[name] = value(name);
      await send("/api/letters", body);
      window.location.reload();
    });
  });
  const today = serve.elements.served_on.max;
  for (const button of document.querySelectorAll("[data-done]")) {
    button.addEventListener("click", () => act(button, told, async () => {
      await send(`/api/letters/${button.dataset.done}/done`, { done_on: today });
      window.location.reload();
    }));
  }
  const said = document.getElementById("template-said");
  for (const input of document.querySelectorAll("[data-template]")) {
    input.addEventListener("change", () => act(null, said, async () => {
      await send(`/api/templates/${input.dataset.template}`, input.files[0], "application/octet-stream");
      window.location.reload();
    }));
  }
  for (const button of document.querySelectorAll("[data-reset]")) {
    button.addEventListener("click", () => act(button, said, async () => {
      await send(`/api/templates/${button.dataset.reset}/reset`, {});
      window.location.reload();
    }));
  }
})();
