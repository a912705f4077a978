/* The script of each page as one file under dist: classic scripts, for a file opened from a disk may import nothing. */
import { readdirSync } from "node:fs";
import { build } from "esbuild";

const here = new URL(".", import.meta.url).pathname;
const nothing = `${here}script/nothing.js`;
const named = ["layers", "map", "planner", "fire", "plan", "worker"].map((name) => [name, `${here}script/${name}.js`]);
const pages = readdirSync(`${here}script/pages`).map((file) => [
  file.replace(/\.js$/, ""),
  `${here}script/pages/${file}`,
]);

await build({
  entryPoints: Object.fromEntries([...named, ...pages]),
  outdir: `${here}dist`,
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "iife",
  target: ["chrome90", "firefox88"],
  // One Leaflet a page, folium's; and of the library of tiles neither its own styles nor its own archive.
  alias: { leaflet: `${here}script/leaflet.js`, "@protomaps/basemaps": nothing, pmtiles: nothing },
  logLevel: "warning",
});
