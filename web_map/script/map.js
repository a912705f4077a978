/* Maps without a panel of their own: the county, a township. */
import { start } from "./page/start.js";

start();
