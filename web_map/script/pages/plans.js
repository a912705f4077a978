/* The page of all plans: the form that makes one, and what becomes of it. */
import { byId, find } from "../dom.js";
import { send } from "../http.js";
import { wordsOf } from "../words.js";

const words = wordsOf().plans;
const form = byId("plan-make"),
  error = byId("plan-error"),
  status = byId("plan-status");
const zh = document.documentElement.lang !== "en",
  lang = zh ? "" : "?lang=en";
const say = (node, text) => {
  node.hidden = !text;
  node.textContent = text || "";
};

/* Until the plan is there, or the sentence that says why not. */
async function wait(plan) {
  say(status, words.making);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const now = await send("GET", `/api/plans/${plan}/state`).catch(() => null);
    if (!now || now.state === "making") continue;
    if (now.state !== "failed") {
      location.href = `/plans/${plan}${lang}`;
      return;
    }
    say(status, "");
    say(error, now.refusal?.[zh ? "zh" : "en"] || words.notMade);
    return;
  }
}

if (form) {
  const field = (name) => form.elements[name];
  const conditions = byId("ask");
  const shown = () => {
    conditions.hidden = field("source").value !== "ask";
  };
  field("source").addEventListener("change", shown);
  shown();
  const checked = (name) => [...form.querySelectorAll(`input[name="${name}"]:checked`)];
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(error, "");
    const [kind, number] = field("source").value.split(":");
    const lines = field("members")
      .value.split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
    const teams = lines.length
      ? lines.map((line) => {
          const [name, ...rest] = line.split(/[,，]/);
          return { name: name.trim(), members: rest.join("、").trim() || null };
        })
      : Number(field("teams").value);
    const due = {};
    for (const urgency of ["1", "2"]) if (field(`due${urgency}`).value) due[urgency] = field(`due${urgency}`).value;
    const body = {
      name: field("name").value,
      teams,
      per_day: Number(field("per_day").value),
      start: field("start").value,
      deadline: field("deadline").value || null,
      minutes: Number(field("minutes").value),
      shift: field("shift").value,
      lunch: field("lunch").value,
      workdays: checked("workday")
        .map((box) => box.value)
        .join(""),
      roads: field("roads").checked,
      partial: field("partial").checked,
      due,
    };
    if (kind === "run") body.run_id = Number(number);
    else if (kind === "area") body.area_id = Number(number);
    else
      body.ask = {
        any_of: [
          ...checked("zone").map((box) => ({ term: "zone", kind: box.value, buffer_m: Number(box.dataset.buffer) })),
          ...checked("rule").map((box) => ({ term: "rule", name: box.value })),
        ],
        within: checked("within").map((box) => Number(box.value)),
      };
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    try {
      await wait((await send("POST", "/api/plans", body)).plan_id);
    } catch (refusal) {
      say(error, refusal.message);
      say(status, "");
      window.scrollTo(0, 0);
    }
    button.disabled = false;
  });
}
const making = find('tr[data-state="making"]');
if (making && !form) setTimeout(() => location.reload(), 5000);
document.body.dataset.ready = "true";
