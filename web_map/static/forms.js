/* Sheets that come back: loaded whole, or every fault is said, with the sheet that says why and the choice to leave them out. */
"use strict";
(function () {
  const english = document.documentElement.lang === "en";
  const token = document.querySelector('meta[name="csrf-token"]');
  const t = (zh, en) => (english ? en : zh);
  const TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

  function post(address, file) {
    const headers = { Accept: "application/json", "Content-Type": TYPE };
    if (token) headers["X-CSRF-Token"] = token.content;
    const mark = english ? (address.includes("?") ? "&lang=en" : "?lang=en") : "";
    return fetch(address + mark, { method: "POST", headers, body: file });
  }

  function say(told, words, kind, ...more) {
    const line = Object.assign(document.createElement("p"), { className: kind, textContent: words });
    told.replaceChildren(line, ...more);
  }

  function button(words, act) {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: words });
    made.addEventListener("click", act);
    return made;
  }

  for (const section of document.querySelectorAll("[data-form]")) {
    const name = section.dataset.form;
    const told = section.querySelector(".told");
    const input = section.querySelector("input");

    async function load(leaveOut) {
      const file = input.files[0];
      if (!file) return;
      say(told, t("正在检查…", "Checking…"), "hint");
      const answer = await post(`/api/forms/${name}${leaveOut ? "?leave_out=true" : ""}`, file).catch(() => null);
      const given = answer && (await answer.json().catch(() => null));
      if (answer && answer.ok) {
        say(told, t(`读取 ${given.read} 行：新增 ${given.loaded}，未变 ${given.unchanged}，没有导入 ${given.rejected}。`,
          `Read ${given.read} rows: ${given.loaded} loaded, ${given.unchanged} unchanged, ${given.rejected} left out.`), "done");
        return;
      }
      const faults = (given && given.error && given.error.details && given.error.details.faults) || [];
      const list = document.createElement("ul");
      for (const fault of faults.slice(0, 50)) list.append(Object.assign(document.createElement("li"), { textContent: fault.reason || fault.what }));
      const ways = document.createElement("p");
      if (faults.length && faults[0].reason) {
        ways.append(button(t("下载写明原因的表", "Download them with their reasons"), () => save(file)), " ",
          button(t("只导入其余各行", "Load the other rows"), () => load(true)));
      }
      say(told, given && given.error ? given.error.message : t("没有成功，请重试。", "It did not work; try again."), "error", list, ways);
    }

    async function save(file) {
      const answer = await post(`/api/forms/${name}/checked`, file);
      if (!answer.ok) return;
      const address = URL.createObjectURL(await answer.blob());
      const link = Object.assign(document.createElement("a"), { href: address, download: `${name}-${t("原因", "reasons")}.xlsx` });
      link.click();
      URL.revokeObjectURL(address);
    }

    section.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      load(false);
    });
  }
})();
