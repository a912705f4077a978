/* The sheet: pages are set while one waits, and the page says so. */
import { element } from "../dom.js";
import { fill } from "../language.js";

const KEPT_MS = 60_000;

/** @param {import("./fire.js").Context} context */
export function sheet({ fire, words, section }) {
  if (!fire.sheet) return;
  const box = section("gis-sheet", words.sheet);
  const said = element("span", { role: "status" });
  for (const paper of ["A4", "A3"]) {
    const button = element("button", { type: "button", id: `gis-sheet-${paper}` }, fill(words.download, { paper }));
    button.addEventListener("click", async () => {
      button.disabled = true;
      said.textContent = ` ${words.setting}`;
      try {
        await save(`${fire.sheet}&paper=${paper}`, `fire-${fire.records.cluster}-${paper}.pdf`);
        said.textContent = ` ${words.downloaded}`;
      } catch (error) {
        said.textContent = ` ${error.message}`;
      }
      button.disabled = false;
    });
    box.append(button, " ");
  }
  box.append(said);
}

/** @param {string} address @param {string} name Of the file. */
async function save(address, name) {
  const answer = await fetch(address);
  if (!answer.ok) {
    const given = await answer.json().catch(() => ({}));
    throw new Error(given.error?.message || String(answer.status));
  }
  const link = element("a", { href: URL.createObjectURL(await answer.blob()), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
