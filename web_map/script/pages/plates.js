/* QR plates: switched on and off, withdrawn, and made as a PDF that the browser keeps. */
import { byId, element } from "../dom.js";
import { onSubmit, reload } from "../form.js";
import { fetchFile, send } from "../http.js";

const setting = byId("plate-setting");
onSubmit(setting, async (value) => {
  const on = setting.dataset.enabled !== "true";
  await send("POST", "/api/plates/setting", { enabled: on, telephone: on ? (value("telephone") ?? "") : null });
  reload();
});

onSubmit(byId("plate-withdrawal"), async (value) => {
  await send("POST", "/api/plates/withdrawals", { house: value("house"), reason: value("reason") });
  reload();
});

onSubmit(byId("plate-form"), async (value) => {
  const houses = (value("houses") ?? "").split(/\s+/).filter(Boolean);
  const href = URL.createObjectURL(await fetchFile("POST", "/api/plates", { houses }));
  element("a", { href, download: "plates.pdf" }).click();
  URL.revokeObjectURL(href);
  return true;
});
