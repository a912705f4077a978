/* A visit: kept on the phone first (IndexedDB), then sent, photographs before the visit that names them. What is not
   sent is shown, is sent again when there is a network, and can be saved as a file. */
import { byId, find } from "../dom.js";
import { fill } from "../language.js";
import { isForm, keepFiles, keep as keepPage } from "../offline.js";
import { wordsOf } from "../words.js";

const words = wordsOf().visit;
const data = JSON.parse(byId("visit-data").textContent);
const english = document.documentElement.lang === "en";
const form = byId("visit-form");
const said = byId("visit-said");
const token = find('meta[name="csrf-token"]');
const LONGEST = 1600;
/** @type {any} */
let position = null;
/** @type {Blob[]} */
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
    work.oncomplete = () => {
      base.close();
      done(asked.result);
    };
    work.onerror = work.onabort = () => {
      base.close();
      fail(work.error);
    };
  });
}
const keep = (visit) => store("readwrite", (box) => box.put(visit));
const drop = (id) => store("readwrite", (box) => box.delete(id));
const waiting = () => store("readonly", (box) => box.getAll()).catch(() => []);

async function show() {
  const kept = await waiting();
  byId("outbox").hidden = kept.length === 0;
  byId("outbox-said").textContent = fill(words.waiting, { n: kept.length });
  byId("outbox-list").replaceChildren(
    ...kept.map((visit) => {
      const line = document.createElement("li");
      const at = visit.body.visited_at.slice(0, 16).replace("T", " ");
      line.textContent = [visit.heading, at, `${words.photographs} ${visit.photographs.length}`].join("　");
      if (visit.refused)
        line.append(Object.assign(document.createElement("div"), { className: "bad", textContent: visit.refused }));
      return line;
    }),
  );
}

async function ask(address, body, type) {
  const headers = { Accept: "application/json", "Content-Type": type };
  if (token) headers["X-CSRF-Token"] = token.content;
  const mark = english ? (address.includes("?") ? "&lang=en" : "?lang=en") : "";
  const answer = await fetch(address + mark, { method: "POST", headers, body });
  const given = await answer.json().catch(() => null);
  if (answer.ok) return given;
  const refused = /** @type {any} */ (new Error(given?.error ? given.error.message : words.failed));
  refused.refused = answer.status < 500 && answer.status !== 401 && answer.status !== 429;
  throw refused;
}

async function send(visit) {
  const hashes = [];
  for (const photograph of visit.photographs) {
    const stored = await ask(
      `/api/attachments?building_id=${encodeURIComponent(visit.body.building_id)}`,
      photograph,
      photograph.type || "image/jpeg",
    );
    hashes.push(stored.sha256);
  }
  const told = await ask("/api/visits", JSON.stringify({ ...visit.body, photographs: hashes }), "application/json");
  await drop(visit.visit_id);
  return told;
}

/** @type {Promise<{left: number, told: any}> | null} */
let sending = null;
function sendAll() {
  if (!sending)
    sending = (async () => {
      let left = 0;
      /** @type {any} */
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
    })().finally(() => {
      sending = null;
    });
  return sending;
}

function tell(words, kind) {
  said.className = kind || "";
  said.textContent = words;
}

async function saveFile() {
  const visits = [];
  for (const visit of await waiting()) {
    const files = await Promise.all(
      visit.photographs.map(
        (blob) =>
          new Promise((done) => {
            const reader = new FileReader();
            reader.onload = () => done(String(reader.result).split(",")[1]);
            reader.readAsDataURL(blob);
          }),
      ),
    );
    visits.push({ ...visit.body, photographs: files });
  }
  const address = URL.createObjectURL(new Blob([JSON.stringify({ visits })], { type: "application/json" }));
  const link = Object.assign(document.createElement("a"), {
    href: address,
    download: `visits-${new Date().toISOString().slice(0, 10)}.json`,
  });
  link.click();
  URL.revokeObjectURL(address);
}

/* Offline: the phone keeps this page, and its worker gives it back where there is no network. ------------------ */

async function beThereOffline() {
  // The worker keeps a page on its way; the first one came before there was a worker.
  const isKept = navigator.serviceWorker.controller !== null;
  await navigator.serviceWorker.register("/visit-worker.js", { scope: "/house/" });
  await navigator.serviceWorker.ready;
  if (!isKept) await keepPage(location.href, await fetch(location.href, { headers: { Accept: "text/html" } }));
  const files = /** @type {NodeListOf<any>} */ (document.querySelectorAll("script[src], link[href]"));
  await keepFiles([...files].map((file) => file.src || file.href));
  byId("offline").hidden = false;
}
if (window.isSecureContext && navigator.serviceWorker && isForm(location.href)) beThereOffline().catch(() => {});

/* Where ----------------------------------------------------------------------------------------------------------- */

const svg = byId("place");
const [lon0, lat0] = data.center;
const wide = 1 / Math.cos((lat0 * Math.PI) / 180);
const SCALE = (320 / 80) * 111_320; // 80 m across
const onto = ([lon, lat]) => [160 + ((lon - lon0) / wide) * SCALE, 120 - (lat - lat0) * SCALE];
const back = (x, y) => [lon0 + ((x - 160) / SCALE) * wide, lat0 - (y - 120) / SCALE];

function draw() {
  const make = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const rings = (polygon) =>
    polygon
      .map(
        (ring) =>
          `M${ring
            .map((at) =>
              onto(at)
                .map((n) => n.toFixed(1))
                .join(" "),
            )
            .join("L")}Z`,
      )
      .join("");
  const shapes = data.outlines.map(({ own, geometry }) =>
    make("path", { d: geometry.coordinates.map(rings).join(""), class: own ? "own" : "", "fill-rule": "evenodd" }),
  );
  const spot = position ? onto([position.lon, position.lat]) : null;
  svg.replaceChildren(...shapes, ...(spot ? [make("circle", { cx: spot[0], cy: spot[1], r: 7 })] : []));
}

function place(found) {
  position = found;
  byId("place-said").textContent =
    found.by === "map" ? words.onMap : fill(words.byPhone, { n: Math.round(found.accuracy_m) });
  draw();
}

svg.addEventListener("click", (event) => {
  const box = svg.getBoundingClientRect();
  const [lon, lat] = back(
    ((event.clientX - box.left) / box.width) * 320,
    ((event.clientY - box.top) / box.height) * 240,
  );
  place({ lon, lat, by: "map", accuracy_m: null });
});

function locate() {
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => place({ lon: coords.longitude, lat: coords.latitude, by: "device", accuracy_m: coords.accuracy }),
    () => {
      byId("place-said").textContent = words.noPosition;
    },
    { enableHighAccuracy: true, timeout: 20_000, maximumAge: 10_000 },
  );
}
if (window.isSecureContext && navigator.geolocation) {
  byId("locate").addEventListener("click", locate);
} else {
  byId("insecure").hidden = false;
  byId("locate").hidden = true;
}

/* Photographs: made smaller on the phone, turned upright by the browser ------------------------------------------- */

async function smaller(file) {
  try {
    const image = await createImageBitmap(file);
    const share = Math.min(1, LONGEST / Math.max(image.width, image.height));
    const canvas = Object.assign(document.createElement("canvas"), {
      width: Math.round(image.width * share),
      height: Math.round(image.height * share),
    });
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    return await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.82));
  } catch {
    return null;
  }
}

function showTaken() {
  byId("taken").replaceChildren(
    ...photographs.map((blob, k) => {
      const figure = document.createElement("figure");
      const image = Object.assign(document.createElement("img"), {
        src: URL.createObjectURL(blob),
        alt: fill(words.photograph, { n: k + 1 }),
      });
      const off = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
      off.setAttribute("aria-label", fill(words.leaveOut, { n: k + 1 }));
      off.addEventListener("click", () => {
        photographs.splice(k, 1);
        showTaken();
      });
      figure.append(image, off);
      return figure;
    }),
  );
}

byId("photos").addEventListener("change", async (event) => {
  for (const file of [...event.target.files]) {
    const made = await smaller(file);
    if (made) photographs.push(made);
    else tell(fill(words.unusable, { name: file.name }), "bad");
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
const fit = () => {
  form.querySelector(".of-visit").hidden = ["absent", "refused", "gone"].includes(form.elements.outcome.value);
};
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
  const here = `${sign}${two(Math.abs(zone) / 60)}:${two(Math.abs(zone) % 60)}`;
  const day = data.simulated_day || local.slice(0, 10);
  return `${day}T${local.slice(11, 19)}${data.simulated_day ? "+08:00" : here}`;
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
  if (outcome === "visited" && photographs.length === 0) {
    tell(words.noPhotograph, "bad");
    return;
  }
  if (!position) {
    tell(words.noPlace, "bad");
    svg.scrollIntoView({ block: "center" });
    return;
  }
  const visit_id = number();
  const heard = form.querySelector('[name="found"]:checked');
  const asked = !form.querySelector(".of-visit").hidden;
  const body = {
    visit_id,
    building_id: data.house,
    visited_at: moment(),
    outcome,
    found: asked && heard ? heard.value : null,
    answers: asked ? answers() : {},
    note: form.elements.note.value.trim() || null,
    position,
  };
  tell(words.saving);
  try {
    await keep({ visit_id, heading: find("h1").textContent, body, photographs: [...photographs], refused: "" });
  } catch {
    tell(words.keepsNothing, "bad");
    return;
  }
  photographs = [];
  showTaken();
  form.reset();
  touched.clear();
  fit();
  await show();
  const { left, told } = await sendAll();
  if (left === 0)
    tell(words.sent + (told?.proposals.length ? fill(words.differs, { n: told.proposals.length }) : ""), "good");
  else tell(words.kept, "");
});

byId("send-all").addEventListener("click", async () => {
  const { left } = await sendAll();
  tell(left ? fill(words.left, { n: left }) : words.allSent, left ? "bad" : "good");
});
byId("save-file").addEventListener("click", saveFile);
window.addEventListener("online", sendAll);
draw();
fit();
// What an earlier opening of the page could not send.
show().then(() => (navigator.onLine ? sendAll() : null));
