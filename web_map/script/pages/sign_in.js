/* Whoever is sent to sign in has no session: what a phone kept for one is thrown away. */
import { forget } from "../offline.js";

forget();
