/* A session that ended while somebody worked: signing in happens in another tab, and the page goes on where it was. */
import { dialog } from "../dialog.js";
import { element, find } from "../dom.js";
import { session } from "../http.js";
import { wordsOf } from "../words.js";

/** @type {Promise<void> | null} */
let waiting = null;

/* The new session's secret for changes, from any page that has one. */
async function renew() {
  const answer = await fetch("/account", { headers: { Accept: "text/html" }, redirect: "manual" }).catch(() => null);
  if (!answer?.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = find('meta[name="csrf-token"], input[name="csrf"]', page);
  const token = find('meta[name="csrf-token"]');
  if (!fresh) return false;
  if (token) token.content = fresh.content || fresh.value;
  return true;
}

function open() {
  const words = wordsOf().session;
  const told = element("p", { class: "gis-told", role: "status" });
  const go = (/** @type {() => void} */ close) => async () => {
    if (await renew()) close();
    else told.textContent = words.still;
  };
  return dialog(
    words.title,
    (close) => [
      element("p", {}, words.text),
      told,
      element(
        "p",
        { class: "gis-do" },
        element("a", { href: "/sign-in", target: "_blank", rel: "noopener" }, words.sign),
        element("button", { type: "button", onclick: go(close) }, words.go),
      ),
    ],
    { must: true },
  );
}

/* Wait until somebody has signed in again, once for all requests that were refused. */
session.signInAgain = () => {
  if (!waiting)
    waiting = open().finally(() => {
      waiting = null;
    });
  return waiting;
};
