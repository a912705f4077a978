/* A visit: kept on the phone first (IndexedDB), then sent, photographs before the visit that names them. What is not sent
   is shown, is sent again when there is a network, and can be saved as a file. */
"use strict";
(function () {
  const data = JSON.parse(document.getElementById("visit-data").textContent);
  const english = document.documentElement.lang === "en";
  const t = (zh, en) => (english ? en : zh);
  const form = document.getElementById("visit-form");
  const said = document.getElementById("visit-said");
  const token = document.querySelector('meta[name="csrf-token"]');
  const LONGEST = 1600;
  let position = null;
  let photographs = [];

  /* The outbox ------------------------------------------------------------------------------------------------------ */

  function database() {
    return new Promise((done, fail) => {
      const asked = window.indexedDB.open("gis-visits", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("outbox", { keyPath: "visit_id" });
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => fail(asked.error);
    });
  }

  async function store(mode, act) {
    const base = await database();
    return new Promise((done, fail) => {
      const work = base.transaction("outbox", mode);
      const asked = act(work.objectStore("outbox"));
      work.oncomplete = () => { base.close(); done(asked.result); };
      work.onerror = work.onabort = () => { base.close(); fail(work.error); };
    });
  }
  const keep = (visit) => store("readwrite", (box) => box.put(visit));
  const drop = (id) => store("readwrite", (box) => box.delete(id));
  const waiting = () => store("readonly", (box) => box.getAll()).catch(() => []);

  async function show() {
    const kept = await waiting();
    document.getElementById("outbox").hidden = kept.length === 0;
    document.getElementById("outbox-said").textContent = t(`${kept.length} 条未发送`, `${kept.length} not sent`);
    document.getElementById("outbox-list").replaceChildren(...kept.map((visit) => {
      const line = document.createElement("li");
      line.textContent = `${visit.heading}　${visit.body.visited_at.slice(0, 16).replace("T", " ")}　${t("照片", "photographs")} ${visit.photographs.length}`;
      if (visit.refused) line.append(Object.assign(document.createElement("div"), { className: "bad", textContent: visit.refused }));
      return line;
    }));
  }

  async function ask(address, body, type) {
    const headers = { Accept: "application/json", "Content-Type": type };
    if (token) headers["X-CSRF-Token"] = token.content;
    const mark = english ? (address.includes("?") ? "&lang=en" : "?lang=en") : "";
    const answer = await fetch(address + mark, { method: "POST", headers, body });
    const given = await answer.json().catch(() => null);
    if (answer.ok) return given;
    const refused = new Error(given && given.error ? given.error.message : t("没有成功，请重试。", "It did not work; try again."));
    refused.refused = answer.status < 500 && answer.status !== 401 && answer.status !== 429;
    throw refused;
  }

  async function send(visit) {
    const hashes = [];
    for (const photograph of visit.photographs) {
      const stored = await ask(`/api/attachments?building_id=${encodeURIComponent(visit.body.building_id)}`, photograph, photograph.type || "image/jpeg");
      hashes.push(stored.sha256);
    }
    const told = await ask("/api/visits", JSON.stringify({ ...visit.body, photographs: hashes }), "application/json");
    await drop(visit.visit_id);
    return told;
  }

  let sending = null;
  function sendAll() {
    if (!sending) sending = (async () => {
      let left = 0;
      let told = null;
      for (const visit of await waiting()) {
        try {
          told = await send(visit);
        } catch (error) {
          left += 1;
          // No network says nothing of the visit; a refusal does, and stays beside it.
          await keep({ ...visit, refused: error.refused ? error.message : "" });
          if (!error.refused && !(error instanceof TypeError)) tell(error.message, "bad");
        }
        await show();
      }
      return { left, told };
    })().finally(() => { sending = null; });
    return sending;
  }

  function tell(words, kind) {
    said.className = kind || "";
    said.textContent = words;
  }

  async function saveFile() {
    const visits = [];
    for (const visit of await waiting()) {
      const files = await Promise.all(visit.photographs.map((blob) => new Promise((done) => {
        const reader = new FileReader();
        reader.onload = () => done(reader.result.split(",")[1]);
        reader.readAsDataURL(blob);
      })));
      visits.push({ ...visit.body, photographs: files });
    }
    const address = URL.createObjectURL(new Blob([JSON.stringify({ visits })], { type: "application/json" }));
    const link = Object.assign(document.createElement("a"), { href: address, download: `visits-${new Date().toISOString().slice(0, 10)}.json` });
    link.click();
    URL.revokeObjectURL(address);
  }

  /* Where ----------------------------------------------------------------------------------------------------------- */

  const svg = document.getElementById("place");
  const [lon0, lat0] = data.center;
  const wide = 1 / Math.cos((lat0 * Math.PI) / 180);
  const SCALE = 320 / 80 * 111_320; // 80 m across
  const onto = ([lon, lat]) => [160 + ((lon - lon0) / wide) * SCALE, 120 - (lat - lat0) * SCALE];
  const back = (x, y) => [lon0 + ((x - 160) / SCALE) * wide, lat0 - (y - 120) / SCALE];

  function draw() {
    const make = (name, attributes) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      return made;
    };
    const rings = (polygon) => polygon.map((ring) => "M" + ring.map((at) => onto(at).map((n) => n.toFixed(1)).join(" ")).join("L") + "Z").join("");
    const shapes = data.outlines.map(({ own, geometry }) => make("path", { d: geometry.coordinates.map(rings).join(""), class: own ? "own" : "", "fill-rule": "evenodd" }));
    const spot = position ? onto([position.lon, position.lat]) : null;
    svg.replaceChildren(...shapes, ...(spot ? [make("circle", { cx: spot[0], cy: spot[1], r: 7 })] : []));
  }

  function place(found) {
    position = found;
    document.getElementById("place-said").textContent = found.by === "map" ? t("在图上点出的位置", "shown on the map")
      : t(`手机定位，误差约 ${Math.round(found.accuracy_m)} 米`, `by the phone, within ${Math.round(found.accuracy_m)} m`);
    draw();
  }

  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    const [lon, lat] = back(((event.clientX - box.left) / box.width) * 320, ((event.clientY - box.top) / box.height) * 240);
    place({ lon, lat, by: "map", accuracy_m: null });
  });

  function locate() {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => place({ lon: coords.longitude, lat: coords.latitude, by: "device", accuracy_m: coords.accuracy }),
      () => { document.getElementById("place-said").textContent = t("手机没有给出位置；请在图上点出您站的位置", "The phone gave no position; tap where you stand"); },
      { enableHighAccuracy: true, timeout: 20_000, maximumAge: 10_000 },
    );
  }
  if (window.isSecureContext && navigator.geolocation) {
    document.getElementById("locate").addEventListener("click", locate);
  } else {
    document.getElementById("insecure").hidden = false;
    document.getElementById("locate").hidden = true;
  }

  /* Photographs: made smaller on the phone, turned upright by the browser ------------------------------------------- */

  async function smaller(file) {
    try {
      const image = await createImageBitmap(file);
      const share = Math.min(1, LONGEST / Math.max(image.width, image.height));
      const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(image.width * share), height: Math.round(image.height * share) });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      image.close();
      return await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.82));
    } catch {
      return null;
    }
  }

  function showTaken() {
    document.getElementById("taken").replaceChildren(...photographs.map((blob, k) => {
      const figure = document.createElement("figure");
      const image = Object.assign(document.createElement("img"), { src: URL.createObjectURL(blob), alt: t(`照片 ${k + 1}`, `Photograph ${k + 1}`) });
      const off = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
      off.setAttribute("aria-label", t(`去掉照片 ${k + 1}`, `Leave out photograph ${k + 1}`));
      off.addEventListener("click", () => { photographs.splice(k, 1); showTaken(); });
      figure.append(image, off);
      return figure;
    }));
  }

  document.getElementById("photos").addEventListener("change", async (event) => {
    for (const file of [...event.target.files]) {
      const made = await smaller(file);
      if (made) photographs.push(made);
      else tell(t(`“${file.name}”不是可用的照片。`, `${file.name} is no photograph that can be used.`), "bad");
    }
    event.target.value = "";
    showTaken();
    // The position is that of the shutter.
    if (!position && window.isSecureContext && navigator.geolocation) locate();
  });

  /* The form -------------------------------------------------------------------------------------------------------- */

  const touched = new Set();
  form.addEventListener("input", (event) => {
    const question = event.target.closest("[data-question]");
    if (question) touched.add(question.dataset.question);
  });
  for (const button of form.querySelectorAll(".stepper button")) {
    button.addEventListener("click", () => {
      const input = button.parentElement.querySelector("input");
      const { least, most } = input.dataset;
      const next = input.value === "" ? Number(least) : Number(input.value) + Number(button.dataset.by);
      input.value = String(Math.min(Math.max(next, Number(least)), Number(most)));
      touched.add(input.name);
    });
  }
  const fit = () => { form.querySelector(".of-visit").hidden = ["absent", "refused", "gone"].includes(form.elements.outcome.value); };
  for (const radio of form.querySelectorAll('[name="outcome"]')) radio.addEventListener("change", fit);

  function answers() {
    const made = {};
    for (const question of form.querySelectorAll("[data-question]")) {
      const { question: name, kind } = question.dataset;
      // What nobody touched was not asked.
      if (!touched.has(name)) continue;
      if (kind === "codes") made[name] = [...question.querySelectorAll("input:checked")].map((tick) => tick.value);
      else {
        const value = question.querySelector("input, select").value.trim();
        if (value !== "") made[name] = kind === "integer" ? Number(value) : value;
      }
    }
    return made;
  }

  /* The moment of the visit; of a demo, on the day on which it stands. */
  function moment() {
    const now = new Date();
    const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString();
    const zone = -now.getTimezoneOffset();
    const sign = zone < 0 ? "-" : "+";
    const two = (n) => String(Math.trunc(n)).padStart(2, "0");
    return `${data.simulated_day || local.slice(0, 10)}T${local.slice(11, 19)}${data.simulated_day ? "+08:00" : `${sign}${two(Math.abs(zone) / 60)}:${two(Math.abs(zone) % 60)}`}`;
  }

  /* crypto.randomUUID is there in secure contexts only. */
  function number() {
    const bytes = window.crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const outcome = form.elements.outcome.value;
    if (outcome === "visited" && photographs.length === 0) { tell(t("请至少拍一张照片。", "Take one photograph at least."), "bad"); return; }
    if (!position) { tell(t("请定位，或在图上点出您站的位置。", "Locate yourself, or tap on the map where you stand."), "bad"); svg.scrollIntoView({ block: "center" }); return; }
    const visit_id = number();
    const heard = form.querySelector('[name="found"]:checked');
    const asked = !form.querySelector(".of-visit").hidden;
    const body = {
      visit_id, building_id: data.house, visited_at: moment(), outcome, found: asked && heard ? heard.value : null,
      answers: asked ? answers() : {}, note: form.elements.note.value.trim() || null, position,
    };
    tell(t("正在保存…", "Saving…"));
    try {
      await keep({ visit_id, heading: document.querySelector("h1").textContent, body, photographs: [...photographs], refused: "" });
    } catch {
      tell(t("手机不让本页保存（无痕模式？）；请保持联网，不要关闭本页。", "The phone lets this page keep nothing (a private window?); stay online and leave the page open."), "bad");
      return;
    }
    photographs = [];
    showTaken();
    form.reset();
    touched.clear();
    fit();
    await show();
    const { left, told } = await sendAll();
    if (left === 0) tell(t("已发送。", "Sent.") + (told && told.proposals.length ? t(`有 ${told.proposals.length} 项与档案不同，等乡镇采纳。`, ` ${told.proposals.length} answers differ from the record and wait for the township.`) : ""), "good");
    else tell(t("已存在手机里，联网后再发。", "Kept on the phone; it is sent when there is a network."), "");
  });

  document.getElementById("send-all").addEventListener("click", async () => {
    const { left } = await sendAll();
    tell(left ? t(`还有 ${left} 条未发送。`, `${left} are not sent.`) : t("已全部发送。", "All sent."), left ? "bad" : "good");
  });
  document.getElementById("save-file").addEventListener("click", saveFile);
  window.addEventListener("online", sendAll);
  draw();
  fit();
  show();
})();
