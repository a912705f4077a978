/* Sheets that come back: loaded whole, or every fault is said, with the sheet that says why and the choice to leave
   them out. */
import { act } from "../act.js";
import { all, element, find } from "../dom.js";
import { onSubmit } from "../form.js";
import { fetchFile, send } from "../http.js";
import { fill } from "../language.js";
import { wordsOf } from "../words.js";

const words = wordsOf().forms;
const TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const FAULTS_MAX = 50;

for (const section of all("[data-form]")) {
  const { form: name } = section.dataset;
  const [told, input] = [find(".told", section), find("input", section)];
  const say = (text, kind, ...more) => told.replaceChildren(element("p", { class: kind }, text), ...more);

  async function load(leaveOut) {
    const [file] = input.files;
    say(words.checking, "hint");
    try {
      const read = await send("POST", `/api/forms/${name}${leaveOut ? "?leave_out=true" : ""}`, file, { type: TYPE });
      say(fill(words.read, read), "done");
    } catch (refusal) {
      const faults = refusal.details?.faults || [];
      const list = faults.slice(0, FAULTS_MAX).map((fault) => element("li", {}, fault.reason || fault.what));
      say(refusal.message, "error", element("ul", {}, ...list), faults[0]?.reason ? ways(file) : "");
    }
    return true;
  }

  const ways = (file) => {
    const done = element("span", { role: "status" });
    const way = (label, doing) => {
      const button = element("button", { type: "button", onclick: () => act(button, done, doing) }, label);
      return button;
    };
    return element(
      "p",
      {},
      way(words.reasons, () => save(file)),
      " ",
      way(words.others, () => load(true)),
      " ",
      done,
    );
  };

  async function save(file) {
    const href = URL.createObjectURL(await fetchFile("POST", `/api/forms/${name}/checked`, file, { type: TYPE }));
    element("a", { href, download: `${name}-${words.file}.xlsx` }).click();
    URL.revokeObjectURL(href);
    return true;
  }

  onSubmit(find("form", section), () => load(false));
}
