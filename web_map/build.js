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
/* Without them what only they need goes too: a sixth of a map's script. */
const ownStyles = {
  name: "no styles of the library's own",
  setup: (/** @type {import("esbuild").PluginBuild} */ steps) =>
    steps.onResolve({ filter: /\/default_style\/style$/ }, () => ({ path: nothing })),
};

await build({
  entryPoints: Object.fromEntries([...named, ...pages]),
  outdir: `${here}dist`,
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "iife",
  target: ["chrome90", "firefox88"],
  // One Leaflet a page, folium's; the library of tiles from its modules, of which those that are used can be told.
  alias: {
    leaflet: `${here}script/leaflet.js`,
    "protomaps-leaflet": `${here}node_modules/protomaps-leaflet/src/index.ts`,
    "@protomaps/basemaps": nothing,
    pmtiles: nothing,
  },
  plugins: [ownStyles],
  logLevel: "warning",
});
