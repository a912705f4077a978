/* Each page's script as one file under dist: classic scripts, for a file that was opened from a disk may import nothing. */
import { build } from "esbuild";

const here = new URL(".", import.meta.url).pathname;
const nothing = `${here}script/nothing.js`;

await build({
  entryPoints: {
    layers: `${here}script/layers.js`,
    map: `${here}script/map.js`,
    planner: `${here}script/planner.js`,
    fire: `${here}script/fire.js`,
    plan: `${here}script/plan.js`,
  },
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
