/* The planner's map. */
import { start } from "./page/start.js";
import { Planner } from "./planner/planner.js";

start((maps) => {
  if (!maps.config.planner) return; // a file has no conditions to ask for
  const planner = new Planner(maps);
  maps.stack.onAsk = (properties) => planner.listing.mark(properties.building_id || properties.k);
});
