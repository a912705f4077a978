/* Records of a cluster: plans, drills, patrols; read, and added to. A record is never changed: a further one corrects
   it. */
import { element } from "../dom.js";
import { send } from "../http.js";
import { fill, joined } from "../language.js";

const SHOWN = 10;

/** @param {import("./fire.js").Context} context */
export function records(context) {
  const { fire, words, section } = context;
  if (!fire.records) return;
  const box = section("gis-records", words.records);
  for (const [kind, how] of Object.entries(kindsOf(context))) box.append(part(context, kind, how));
}

/** @param {import("./fire.js").Context} context @returns {Record<string, any>} How each kind is told and asked for. */
function kindsOf({ fire, words }) {
  const day = { type: "date", value: fire.today, max: fire.today, required: true };
  const results = fire.records.results;
  const corrected = (/** @type {any} */ r) => (r.corrected ? words.corrected : "");
  const note = { rows: 2, maxlength: 2000 };
  return {
    plans: {
      title: words.plan,
      add: words.addPlan,
      line: (/** @type {any} */ r) =>
        [fill(words.version, { n: r.version }), r.dated, r.number, r.unit].filter(Boolean).join(" · "),
      text: (/** @type {any} */ r) => r.body,
      fields: () => [
        field("dated", words.date, "p", day),
        field("number", words.number, "p", { maxlength: 100 }),
        field("unit", words.unit, "p", { maxlength: 100, required: true }),
        field("body", words.text, "p", { rows: 5, maxlength: 20000, required: true }),
      ],
    },
    drills: {
      title: words.drills,
      correct: "drill_id",
      add: words.addDrill,
      line: (/** @type {any} */ r) => [r.dated, results[r.result]].join(" · ") + corrected(r),
      text: (/** @type {any} */ r) => r.note,
      fields: () => [
        field("dated", words.date, "d", day),
        field("result", words.result, "d", { options: Object.entries(results), required: true }),
        field("note", words.note, "d", note),
      ],
    },
    patrols: {
      title: words.patrols,
      correct: "patrol_id",
      add: words.addPatrol,
      line: (/** @type {any} */ r) => [r.dated, r.unit].join(" · ") + corrected(r),
      text: (/** @type {any} */ r) => joined([r.found || words.nothingFound, r.note].filter(Boolean)),
      fields: () => [
        field("dated", words.date, "w", day),
        field("unit", words.patrolUnit, "w", { maxlength: 100, required: true }),
        field("found", words.found, "w", note),
        field("note", words.note, "w", note),
      ],
    },
  };
}

/** @param {string} name @param {string} label @param {string} of @param {any} attributes */
function field(name, label, of, { options, ...attributes }) {
  const tag = attributes.rows ? "textarea" : options ? "select" : "input";
  const input = element(tag, { name, id: `gis-f-${name}${of}`, ...attributes });
  for (const [value, text] of options || []) input.append(element("option", { value }, text));
  return element("label", {}, label, input);
}

/** @param {import("./fire.js").Context} context @param {string} kind @param {any} how */
function part({ fire, words }, kind, how) {
  const address = `/api/clusters/${fire.records.cluster}/${kind}?run=${fire.records.run}`;
  const items = element("ul", { "aria-live": "polite" });
  const made = element("div", { class: "gis-record", id: `gis-${kind}` }, element("h3", {}, how.title), items);
  const said = element("p", { role: "status" });
  /** @type {any} */
  const form = fire.records.write
    ? element("form", {}, ...how.fields(), element("button", { type: "submit" }, words.save), said)
    : null;
  let latest = 0;
  /** @type {number | null} */
  let corrects = null;

  const correct = (/** @type {any} */ record) => {
    corrects = record[how.correct];
    for (const [name, value] of Object.entries(record)) {
      if (form.elements[name]) form.elements[name].value = value ?? "";
    }
    form.closest("details").open = true;
    said.textContent = fill(words.correcting, { day: record.dated });
    form.querySelector("input, select, textarea").focus();
  };
  const line = (/** @type {any} */ r) => {
    const entered = ` ${words.enteredBy} ${r.account || "—"} ${String(r.recorded_at).slice(0, 10)} `;
    const button = { type: "button", onclick: () => correct(r) };
    return element(
      "li",
      {},
      element("strong", {}, how.line(r)),
      element("small", { class: "gis-note" }, entered),
      how.correct && !r.corrected && form && element("button", button, words.correct),
      element("p", {}, how.text(r) || ""),
    );
  };
  const load = async () => {
    try {
      const page = await send("GET", address);
      latest = Math.max(0, ...page.items.map((/** @type {any} */ r) => r.version || 0));
      const lines = page.items.slice(0, SHOWN).map(line);
      items.replaceChildren(...(lines.length ? lines : [element("li", {}, words.nothingYet)]));
    } catch (error) {
      items.replaceChildren(element("li", {}, error.message));
    }
  };
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    /** @type {Record<string, any>} */
    const given = Object.fromEntries([...new FormData(form)].filter(([, value]) => String(value).trim() !== ""));
    if (kind === "plans") given.based_on = latest;
    if (corrects) given.corrects = corrects;
    said.textContent = words.saving;
    try {
      await send("POST", address, given);
      form.reset();
      corrects = null;
      await load();
      said.textContent = words.saved;
    } catch (error) {
      said.textContent = error.message;
    }
  };
  if (form) {
    form.addEventListener("submit", save);
    made.append(element("details", {}, element("summary", {}, how.add), form));
  }
  load();
  return made;
}
