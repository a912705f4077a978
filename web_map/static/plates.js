/* QR plates: switched on and off, and made as a PDF that the browser keeps. */
"use strict";
(function () {
  const { english, t, send } = window.page;

  async function act(form, doing) {
    const button = form.querySelector("button");
    const said = form.querySelector("[role=status]");
    button.disabled = true;
    said.className = "";
    said.textContent = t("正在处理…", "Working…");
    try {
      await doing();
      said.textContent = "";
    } catch (error) {
      said.className = "error";
      said.textContent = error.message;
    }
    button.disabled = false;
  }

  const setting = document.getElementById("plate-setting");
  if (setting) setting.addEventListener("submit", (event) => {
    event.preventDefault();
    act(setting, async () => {
      const on = setting.dataset.enabled !== "true";
      await send("/api/plates/setting", { enabled: on, telephone: on ? setting.elements.telephone.value.trim() : null });
      window.location.reload();
    });
  });

  const form = document.getElementById("plate-form");
  if (form) form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(form, async () => {
      const houses = form.elements.houses.value.split(/\s+/).filter(Boolean);
      const token = document.querySelector('meta[name="csrf-token"]');
      const answer = await fetch(`/api/plates${english ? "?lang=en" : ""}`, {
        method: "POST", headers: { "Content-Type": "application/json", ...(token ? { "X-CSRF-Token": token.content } : {}) }, body: JSON.stringify({ houses }),
      });
      if (!answer.ok) {
        const given = await answer.json().catch(() => null);
        throw new Error(given && given.error ? given.error.message : t("没有成功，请重试。", "It did not work; try again."));
      }
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await answer.blob());
      link.download = "plates.pdf";
      link.click();
      URL.revokeObjectURL(link.href);
    });
  });
})();
