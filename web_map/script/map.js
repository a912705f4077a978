/* Maps without a panel of their own: the county, a township. */
import { start } from "./page/start.js";
import { worklist } from "./page/worklist.js";

start(worklist);
