// Pickup pages: kept on the phone by the service worker, and honest about being a copy. Whole without script.
import { startCopying } from "./copying.js";
import { keepThisPage } from "./keep-page.js";

const page = document.documentElement;
const isCopy = page.hasAttribute("data-kept");

function sayIfOffline() {
  page.toggleAttribute("data-kept", isCopy || !navigator.onLine);
}

startCopying();
sayIfOffline();
addEventListener("offline", sayIfOffline);
addEventListener("online", sayIfOffline);
const { worker } = document.querySelector("[data-worker]").dataset;
// Without a worker, as in WeChat on an iPhone, the code is saved as a picture.
if (!isCopy) addEventListener("load", () => keepThisPage(worker).catch(() => {})); // a browser may forbid it
