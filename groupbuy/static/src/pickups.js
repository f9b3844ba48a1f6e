// Pickup pages: kept on the phone by the service worker, and honest about being a copy. Whole without script.
import { startCopying } from "./copying.js";

const page = document.documentElement;
const isCopy = page.hasAttribute("data-kept");

function sayIfOffline() {
  page.toggleAttribute("data-kept", isCopy || !navigator.onLine);
}

async function keepThisPage(address) {
  const worker = navigator.serviceWorker;
  if (!worker) return; // none in WeChat on an iPhone: there the code is saved as a picture
  await worker.register(address, { scope: new URL("./", new URL(address, location.href)).pathname });
  const { active } = await worker.ready;
  const files = performance.getEntriesByType("resource").map((entry) => entry.name);
  active.postMessage({
    page: location.href.split("#")[0],
    files: files.filter((name) => name.includes("/assets/")),
  });
}

startCopying();
sayIfOffline();
addEventListener("offline", sayIfOffline);
addEventListener("online", sayIfOffline);
const { worker } = document.querySelector("[data-worker]").dataset;
if (!isCopy) addEventListener("load", () => keepThisPage(worker).catch(() => {})); // a browser may forbid it
