/* What a phone keeps of the form of a visit, so that it opens without a network: the pages of houses that its user
   opened, each with its scripts, until the session that opened them would be over at the latest. The service says
   until when; the sign-in page, where whoever comes has no session, throws all of it away. Visits that are not sent
   yet are in the outbox and stay. */
const NAME = "gis-visit-form";
const PAGES = 100;
const UNTIL = "x-keep-until";

export const isForm = (address) => /^\/house\/[^/]+\/visit$/.test(new URL(address, self.location.href).pathname);
const isOver = (answer) => Number(answer.headers.get(UNTIL)) * 1000 < Date.now();

/* Keep the answer to a page of the form; the oldest make room. */
export async function keep(address, answer) {
  if (!answer.ok || answer.redirected || !answer.headers.get(UNTIL) || isOver(answer)) return;
  const cache = await caches.open(NAME);
  await cache.delete(address);
  await cache.put(address, answer);
  const pages = (await cache.keys()).filter((request) => isForm(request.url));
  for (const request of pages.slice(0, -PAGES)) await cache.delete(request);
}

/* Keep the files that a page names; those with a hash never change. */
export async function keepFiles(addresses) {
  const cache = await caches.open(NAME);
  for (const address of addresses) if (!(await cache.match(address))) await cache.add(address);
}

/** @returns {Promise<Response | undefined>} What is kept of an address, unless its time is over. */
export async function kept(address) {
  const cache = await caches.open(NAME);
  const answer = await cache.match(address);
  if (!answer || !isForm(address) || !isOver(answer)) return answer;
  await cache.delete(address);
  return undefined;
}

/* Only a secure context has caches, so elsewhere there is nothing to throw away. */
export const forget = async () => (self.caches ? caches.delete(NAME) : false);
