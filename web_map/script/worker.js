/* The service worker of /house/: the form of a visit from the network, or, where that does not answer, as it was
   kept. */
import { isForm, keep, kept } from "./offline.js";

const worker = /** @type {any} */ (self);
const PATIENCE_MS = 4_000;

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== worker.location.origin) return;
  if (request.mode === "navigate" && isForm(request.url)) event.respondWith(form(event));
  else if (address.pathname.startsWith("/static/"))
    event.respondWith(kept(request.url).then((file) => file ?? fetch(request)));
});

async function form(event) {
  const { request } = event;
  const before = await kept(request.url);
  const asked = fetch(request).then((answer) => {
    const copy = answer.clone();
    event.waitUntil(keep(request.url, copy).catch(() => {}));
    return answer;
  });
  if (!before) return asked;
  // A network that is there and does not answer, as behind a hill, is none.
  event.waitUntil(asked.catch(() => {}));
  const late = new Promise((done) => setTimeout(done, PATIENCE_MS, before));
  const answer = await Promise.race([asked.catch(() => before), late]);
  return answer.status >= 502 ? before : answer;
}
