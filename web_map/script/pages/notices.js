/* Notices: issued to the chosen houses as a job, served with photographs of the receipt; letters; templates. */
import { act } from "../act.js";
import { attached } from "../attach.js";
import { all, byId, element } from "../dom.js";
import { onSubmit, reload } from "../form.js";
import { send } from "../http.js";
import { langQuery } from "../language.js";

const form = byId("notices-form");
const told = byId("notices-said") || form.appendChild(element("p"));
const every = byId("all");
if (every)
  every.addEventListener("change", () => {
    for (const tick of all('[name="house"]', form)) tick.checked = every.checked;
  });

const watch = (job) => window.location.assign(`/jobs/${job.job_id}${langQuery()}`);

onSubmit(
  form,
  async (value) =>
    watch(
      await send("POST", "/api/notices", {
        kind: form.dataset.kind,
        houses: all('[name="house"]:checked', form).map((tick) => tick.value),
        number: value("number"),
        first: Number(value("first")),
        until: value("until"),
        format: value("format"),
      }),
    ),
  told,
);
for (const button of all("[data-again]"))
  button.addEventListener("click", () =>
    act(button, told, async () => {
      watch(await send("POST", "/api/notices/print", { ids: [Number(button.dataset.again)], format: "docx" }));
    }),
  );

const serve = byId("serve-form");
/** @type {any} The button of the notice that is served. */
let of = null;
for (const button of all("[data-serve]"))
  button.addEventListener("click", () => {
    of = button;
    byId("serve-of").textContent = button.dataset.number;
    serve.elements.served_on.min = button.dataset.issued;
    serve.hidden = false;
    // The form stands under the house that it is about.
    const row = serve.closest("tr") || element("tr", {}, element("td", { colspan: 6 }, serve));
    button.closest("tr").after(row);
    serve.elements.served_on.focus();
  });
serve.querySelector(".cancel").addEventListener("click", () => {
  serve.hidden = true;
  of.focus();
});
onSubmit(serve, async (value) => {
  await send("POST", `/api/notices/${of.dataset.serve}/service`, {
    served_on: value("served_on"),
    method: value("method"),
    receipt: await attached(of.dataset.house, serve.elements.receipt.files),
    reason: value("reason"),
  });
  reload();
});

onSubmit(byId("letter-form"), async (value) => {
  const names = ["kind", "unit_code", "number", "due_on", "meeting", "reason"];
  await send("POST", "/api/letters", Object.fromEntries(names.map((name) => [name, value(name)])));
  reload();
});
const today = serve.elements.served_on.max;
for (const button of all("[data-done]"))
  button.addEventListener("click", () =>
    act(button, told, async () => {
      await send("POST", `/api/letters/${button.dataset.done}/done`, { done_on: today });
      reload();
    }),
  );

const said = byId("template-said");
for (const input of all("[data-template]"))
  input.addEventListener("change", () =>
    act(null, said, async () => {
      await send("POST", `/api/templates/${input.dataset.template}`, input.files[0], {
        type: "application/octet-stream",
      });
      reload();
    }),
  );
for (const button of all("[data-reset]"))
  button.addEventListener("click", () =>
    act(button, said, async () => {
      await send("POST", `/api/templates/${button.dataset.reset}/reset`, {});
      reload();
    }),
  );
