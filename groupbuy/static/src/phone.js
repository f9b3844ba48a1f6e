// Residents' pages are whole without script; this keeps them fresh and in place.
import "htmx.org";
import { startCountdowns } from "./countdown.js";
import { sendFormsOnce } from "./once.js";
import { fallBackToWholePages } from "./whole-pages.js";

startCountdowns();
sendFormsOnce();
fallBackToWholePages();
