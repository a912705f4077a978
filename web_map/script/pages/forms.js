/* Sheets that come back: loaded whole, or every fault is said, with the sheet that says why and the choice to leave
   them out. */
import { all, find } from "../dom.js";
import { fill } from "../language.js";
import { wordsOf } from "../words.js";

const words = wordsOf().forms;
const english = document.documentElement.lang === "en";
const token = find('meta[name="csrf-token"]');
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

for (const section of all("[data-form]")) {
  const name = section.dataset.form;
  const told = section.querySelector(".told");
  const input = section.querySelector("input");

  async function load(leaveOut) {
    const file = input.files[0];
    if (!file) return;
    say(told, words.checking, "hint");
    const answer = await post(`/api/forms/${name}${leaveOut ? "?leave_out=true" : ""}`, file).catch(() => null);
    const given = answer && (await answer.json().catch(() => null));
    if (answer?.ok) {
      say(told, fill(words.read, given), "done");
      return;
    }
    const faults = given?.error?.details?.faults || [];
    const list = document.createElement("ul");
    for (const fault of faults.slice(0, 50))
      list.append(Object.assign(document.createElement("li"), { textContent: fault.reason || fault.what }));
    const ways = document.createElement("p");
    if (faults.length && faults[0].reason) {
      ways.append(
        button(words.reasons, () => save(file)),
        " ",
        button(words.others, () => load(true)),
      );
    }
    say(told, given?.error ? given.error.message : words.failed, "error", list, ways);
  }

  async function save(file) {
    const answer = await post(`/api/forms/${name}/checked`, file);
    if (!answer.ok) return;
    const address = URL.createObjectURL(await answer.blob());
    const link = Object.assign(document.createElement("a"), { href: address, download: `${name}-${words.file}.xlsx` });
    link.click();
    URL.revokeObjectURL(address);
  }

  section.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    load(false);
  });
}
