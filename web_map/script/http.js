/* Asking the service. What it refuses comes back as an Error with its sentence. */
import { language } from "./language.js";
import { wordsOf } from "./words.js";

/** @type {{signInAgain: (() => Promise<void>) | null}} What a page does when its session has ended (session.js). */
export const session = { signInAgain: null };

/**
 * @param {string} method
 * @param {string} address
 * @param {any} [body] Sent as JSON; as it is where `type` says what it is.
 * @param {{type?: string, signal?: AbortSignal}} [how] `signal` takes the question back, and the service stops.
 * @returns {Promise<any>} The answer's JSON; null where it has none.
 * @throws {Error & {status?: number, details?: any}} What the service said, with its status and details.
 */
export async function send(method, address, body, how) {
  const answer = await ask(method, address, body, how);
  return answer.status === 204 ? null : answer.json().catch(() => null);
}

/**
 * As `send`, for an answer that is a file.
 *
 * @param {string} method
 * @param {string} address
 * @param {any} body
 * @param {{type?: string}} [how]
 * @returns {Promise<Blob>}
 * @throws {Error & {status?: number, details?: any}}
 */
export async function fetchFile(method, address, body, how) {
  return (await ask(method, address, body, how)).blob();
}

/**
 * @param {string} method
 * @param {string} address
 * @param {any} [body]
 * @param {{type?: string, signal?: AbortSignal}} [how]
 * @returns {Promise<Response>}
 */
async function ask(method, address, body, { type, signal } = {}) {
  const token = /** @type {HTMLMetaElement | null} */ (document.querySelector('meta[name="csrf-token"]'));
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = type || "application/json";
  if (token) headers["X-CSRF-Token"] = token.content;
  const lang = language() === "en" ? `${address.includes("?") ? "&" : "?"}lang=en` : "";
  const { failed } = wordsOf().map;
  const sent = body === undefined || type ? body : JSON.stringify(body);
  const answer = await fetch(address + lang, { method, headers, body: sent, signal }).catch(() => {
    throw new Error(failed);
  });
  if (answer.ok) return answer;
  const given = await answer.json().catch(() => null);
  if (answer.status === 401 && token && session.signInAgain) {
    await session.signInAgain();
    return ask(method, address, body, { type, signal });
  }
  const refusal = /** @type {Error & {status?: number, details?: any}} */ (new Error(given?.error?.message ?? failed));
  refusal.status = answer.status;
  refusal.details = given?.error?.details;
  throw refusal;
}
