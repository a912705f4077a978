/* A session that ended while somebody worked: signing in happens in another tab, and the page goes on where it was. */
"use strict";
(function () {
  const WORDS = {
    zh: { title: "登录已结束", text: "请在新窗口重新登录，然后回到这里继续。您填写的和画的都还在。", sign: "去登录（新窗口）", go: "已登录，继续",
      still: "还没有登录，请先登录。" },
    en: { title: "Your session has ended", text: "Sign in in a new window, then come back and go on. What you typed and drew is still here.",
      sign: "Sign in (new window)", go: "Signed in, go on", still: "You are not signed in yet." },
  };
  let waiting = null;

  /* The new session's secret for changes, from any page that has one. */
  async function renew() {
    const answer = await fetch("/account", { headers: { Accept: "text/html" }, redirect: "manual" }).catch(() => null);
    if (!answer || !answer.ok) return false;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector('meta[name="csrf-token"], input[name="csrf"]');
    const token = document.querySelector('meta[name="csrf-token"]');
    if (!fresh) return false;
    if (token) token.content = fresh.content || fresh.value;
    return true;
  }

  function open() {
    const { element } = window.gis;
    const words = WORDS[document.documentElement.lang === "en" ? "en" : "zh"];
    return new Promise((done) => {
      const told = element("p", { class: "gis-told", role: "status" });
      const dialog = element("dialog", { class: "gis-dialog", "aria-labelledby": "gis-session-title" },
        element("h2", { id: "gis-session-title" }, words.title), element("p", {}, words.text), told,
        element("p", { class: "gis-do" }, element("a", { href: "/sign-in", target: "_blank", rel: "noopener" }, words.sign),
          element("button", { type: "button", onclick: async () => {
            if (!(await renew())) { told.textContent = words.still; return; }
            dialog.close();
            dialog.remove();
            done();
          } }, words.go)));
      dialog.addEventListener("cancel", (event) => event.preventDefault());
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  /* Wait until somebody has signed in again, once for all requests that were refused. */
  window.signInAgain = function () {
    if (!waiting) waiting = open().finally(() => { waiting = null; });
    return waiting;
  };
})();
