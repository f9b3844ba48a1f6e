// Consoles are whole without script; this keeps parts fresh and saves a second tap.
import "htmx.org";
import { showCurrentTabs } from "./current-tab.js";
import { sendFormsOnce } from "./once.js";
import { fallBackToWholePages } from "./whole-pages.js";

sendFormsOnce();
showCurrentTabs();
fallBackToWholePages();
