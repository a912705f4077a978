/* QR plates: switched on and off, and made as a PDF that the browser keeps. */
import { act } from "../act.js";
import { byId, element } from "../dom.js";
import { fetchFile, send } from "../http.js";

const setting = byId("plate-setting");
if (setting)
  setting.addEventListener("submit", (event) => {
    event.preventDefault();
    act(setting.querySelector("button"), setting.querySelector("[role=status]"), async () => {
      const on = setting.dataset.enabled !== "true";
      const telephone = on ? setting.elements.telephone.value.trim() : null;
      await send("POST", "/api/plates/setting", { enabled: on, telephone });
      window.location.reload();
    });
  });

const form = byId("plate-form");
if (form)
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(form.querySelector("button"), form.querySelector("[role=status]"), async () => {
      const houses = form.elements.houses.value.split(/\s+/).filter(Boolean);
      const href = URL.createObjectURL(await fetchFile("POST", "/api/plates", { houses }));
      element("a", { href, download: "plates.pdf" }).click();
      URL.revokeObjectURL(href);
      return true;
    });
  });
