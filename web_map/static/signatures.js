/* Sign-off: sign what is shown (its hash goes along), name who signs, send the scanned page. */
"use strict";
(function () {
  const { english, t, send } = window.page;
  const place = document.getElementById("sign-off");

  async function act(button, said, doing) {
    button.disabled = true;
    said.className = "";
    said.textContent = t("正在保存…", "Saving…");
    try {
      await doing();
    } catch (error) {
      said.className = "bad";
      said.textContent = error.message;
      button.disabled = false;
    }
  }

  for (const button of document.querySelectorAll("[data-sign]")) {
    button.addEventListener("click", () => {
      const { step, village, sha256 } = button.dataset;
      const paper = "paper" in button.dataset;
      const asked = paper
        ? t("录入后请上传签字页扫描件，签字才算有效。继续？", "It counts when the scanned page is added. Go on?")
        : t("确认对本名册签字？签字后不能撤回。", "Sign this list? A signature cannot be taken back.");
      if (!window.confirm(asked)) return;
      act(button, document.getElementById("sign-said"), async () => {
        const made = await send("/api/signatures", {
          round_id: Number(place.dataset.round), unit_code: place.dataset.unit, village_code: village || null, step, sha256: sha256 || null, by_paper: paper,
        });
        if (paper) window.location.assign(`/signatures/${made.signature_id}${english ? "?lang=en" : ""}`);
        else window.location.reload();
      });
    });
  }

  const signer = document.getElementById("signer-form");
  if (signer) signer.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = (name) => signer.elements[name].value.trim() || null;
    act(signer.querySelector("button"), document.getElementById("signer-said"), async () => {
      await send("/api/signers", {
        unit_code: place.dataset.unit, village_code: value("village"), step: value("step"), name: value("name"), title: value("title"), account: value("account"),
      });
      window.location.reload();
    });
  });

  const scan = document.getElementById("page-form");
  if (scan) scan.addEventListener("submit", (event) => {
    event.preventDefault();
    act(scan.querySelector("button"), scan.querySelector("[role=status]"), async () => {
      await send(`/api/signatures/${scan.dataset.signature}/pages`, scan.elements.page.files[0], "application/octet-stream");
      window.location.reload();
    });
  });
})();
