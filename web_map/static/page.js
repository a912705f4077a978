/* What the scripts of pages without a map share: the page's language, and asking the service to write something. */
"use strict";
(function () {
  const english = document.documentElement.lang === "en";
  const token = document.querySelector('meta[name="csrf-token"]');
  const t = (zh, en) => (english ? en : zh);

  /* What the service refuses comes back as an Error with its sentence. */
  async function send(address, body, type) {
    const headers = { Accept: "application/json", "Content-Type": type || "application/json" };
    if (token) headers["X-CSRF-Token"] = token.content;
    const mark = english ? (address.includes("?") ? "&lang=en" : "?lang=en") : "";
    const sent = type ? body : JSON.stringify(body);
    const answer = await fetch(address + mark, { method: "POST", headers, body: sent }).catch(() => null);
    const given = answer && (await answer.json().catch(() => null));
    if (answer && answer.ok) return given;
    throw new Error(given && given.error ? given.error.message : t("没有成功，请重试。", "It did not work; try again."));
  }

  window.page = { english, t, send };
})();
