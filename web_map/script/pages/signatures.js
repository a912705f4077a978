/* Sign-off: sign what is shown (its hash goes along), one or all that wait, name who signs, send the scanned page. */
import { act } from "../act.js";
import { all, byId } from "../dom.js";
import { onSubmit, reload } from "../form.js";
import { send } from "../http.js";
import { fill, langQuery } from "../language.js";
import { wordsOf } from "../words.js";

const words = wordsOf().signatures;
const place = byId("sign-off");

for (const button of all("[data-sign]"))
  button.addEventListener("click", () => {
    const { step, village, sha256 } = button.dataset;
    const paper = "paper" in button.dataset;
    if (!window.confirm(paper ? words.paper : words.sign)) return;
    act(button, byId("sign-said"), async () => {
      const made = await send("POST", "/api/signatures", {
        round_id: Number(place.dataset.round),
        unit_code: place.dataset.unit,
        village_code: village || null,
        step,
        sha256: sha256 || null,
        by_paper: paper,
      });
      if (paper) window.location.assign(`/signatures/${made.signature_id}${langQuery()}`);
      else reload();
    });
  });

for (const button of all("[data-sign-all]"))
  button.addEventListener("click", () => {
    const villages = JSON.parse(button.dataset.villages);
    if (!window.confirm(fill(words.all, { n: villages.length }))) return;
    act(button, byId("sign-said"), async () => {
      await send("POST", "/api/signatures/villages", {
        round_id: Number(place.dataset.round),
        unit_code: place.dataset.unit,
        step: button.dataset.step,
        villages,
      });
      reload();
    });
  });

onSubmit(byId("signer-form"), async (value) => {
  await send("POST", "/api/signers", {
    unit_code: place.dataset.unit,
    village_code: value("village"),
    step: value("step"),
    name: value("name"),
    title: value("title"),
    account: value("account"),
  });
  reload();
});

const scan = byId("page-form");
onSubmit(scan, async () => {
  const [file] = scan.elements.page.files;
  await send("POST", `/api/signatures/${scan.dataset.signature}/pages`, file, { type: "application/octet-stream" });
  reload();
});
