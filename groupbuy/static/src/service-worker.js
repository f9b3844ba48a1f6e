// Pickup pages must open at the gate, where the network may not. A page whose answer says Keep-Offline is kept with the
// files it needs, and shown when the network fails or takes too long. Every page says by Person-Mark whose it is: as soon
// as somebody else is seen, all that was kept is forgotten.
const KEPT = "pickups-1";
const WHOSE = new URL("kept-for", registration.scope).href;
const PATIENCE_MS = 3000;

addEventListener("install", () => skipWaiting());

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (address.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (request.method === "GET" && address.pathname.includes("/assets/")) event.respondWith(file(request));
});

addEventListener("message", (event) => event.waitUntil(keepOpened(event.data)));

async function page(event) {
  const { request } = event;
  const fresh = fromNetwork(request, (work) => event.waitUntil(work));
  event.waitUntil(fresh.catch(() => {}));
  const copy = request.method === "GET" && (await keptCopy(request.url));
  if (!copy) return fresh;
  const tired = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, copy));
  return Promise.race([fresh.catch(() => copy), tired]);
}

async function fromNetwork(request, alongside) {
  const answer = await fetch(request);
  const mark = answer.headers.get("Person-Mark");
  if (!mark) return answer; // not a page of ours, or one that failed: it says nothing of who is here
  if ((await whose()) !== mark) await caches.delete(KEPT);
  if (answer.ok && !answer.redirected && answer.headers.has("Keep-Offline")) alongside(keep(answer.clone(), mark));
  return answer;
}

async function whose() {
  const noted = await caches.match(WHOSE);
  return noted?.text();
}

async function keptCopy(address) {
  const cache = await caches.open(KEPT);
  const one = { ignoreVary: true };
  return (await cache.match(address, one)) || cache.match(address, { ...one, ignoreSearch: true });
}

async function keep(answer, mark) {
  const headers = new Headers(answer.headers);
  headers.delete("Content-Encoding");
  headers.delete("Content-Length");
  const text = (await answer.text()).replace("<html", "<html data-kept");
  const cache = await caches.open(KEPT);
  await cache.put(WHOSE, new Response(mark));
  await cache.put(answer.url, new Response(text, { headers }));
}

// What the page that registered this worker loaded before there was one to see it.
async function keepOpened({ page, files }) {
  const work = [];
  if (page) await fromNetwork(page, (one) => work.push(one));
  await Promise.all(work);
  const cache = await caches.open(KEPT);
  await Promise.allSettled(files.map(async (name) => (await cache.match(name)) || cache.add(name)));
}

async function file(request) {
  return (await caches.match(request, { ignoreVary: true })) || fetch(request);
}
