// Residents' pages are whole without script; this only keeps them fresh.
import { startCountdowns } from "./countdown.js";

startCountdowns();
