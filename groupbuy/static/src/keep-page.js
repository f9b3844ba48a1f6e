// Asks the service worker to keep the page on the screen, with the files it needs, for when there is no network.
export async function keepThisPage(address) {
  const worker = navigator.serviceWorker;
  if (!worker) return; // none in WeChat on an iPhone
  await worker.register(address, { scope: new URL("./", new URL(address, location.href)).pathname });
  const { active } = await worker.ready;
  const files = performance.getEntriesByType("resource").map((entry) => entry.name);
  active.postMessage({
    page: location.href.split("#")[0],
    files: files.filter((name) => name.includes("/assets/")),
  });
}
