/* Photographs of a house: kept by the service under their hash, before the record that names them is sent. */
import { send } from "./http.js";

/**
 * @param {string} house
 * @param {Iterable<File>} files
 * @returns {Promise<string[]>} Their hashes, in the same order.
 */
export async function attached(house, files) {
  const found = [];
  for (const file of files) {
    const address = `/api/attachments?building_id=${encodeURIComponent(house)}`;
    found.push((await send("POST", address, file, { type: file.type })).sha256);
  }
  return found;
}
