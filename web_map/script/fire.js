/* The fire brigade's maps. */
import { fire } from "./fire/fire.js";
import { start } from "./page/start.js";

start(fire);
