/* The map of an inspection plan. */
import { gis } from "./gis.js";
import { start } from "./page/start.js";
import { Plan } from "./plan/plan.js";

start((maps) => {
  gis.plan = new Plan(maps, maps.config.plan);
});
