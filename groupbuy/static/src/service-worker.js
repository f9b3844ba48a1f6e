// Pickup pages must open at the gate, where the network may not. A page whose answer says Keep-Offline is kept with the
// files it needs, and shown when the network fails or takes too long. Every page says by Person-Mark whose it is: as soon
// as somebody else is seen, all that was kept is forgotten.
const KEPT = "pickups-1";
const WHOSE = new URL("kept-for", registration.scope).href;
const PATIENCE_MS = 3000;
const TRIES_AFTER_MS = [0, 1000, 5000];

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
  const wanted = answer.ok && !answer.redirected && answer.headers.has("Keep-Offline");
  if (wanted) alongside(keep(answer.clone(), mark));
  await inTurn(() => forgetOthers(mark));
  return answer;
}

// What touches pages waits for what did before it: no page is kept while another makes room for somebody else.
let turn = Promise.resolve();

function inTurn(work) {
  const done = turn.then(work);
  turn = done.catch(() => {});
  return done;
}

async function whose() {
  const noted = await caches.match(WHOSE);
  return noted?.text();
}

async function forgetOthers(mark) {
  if ((await whose()) === mark) return;
  await caches.delete(KEPT);
  const cache = await caches.open(KEPT);
  await cache.put(WHOSE, new Response(mark));
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
  await inTurn(async () => {
    if ((await whose()) !== mark) return; // somebody else came while this one was read
    const cache = await caches.open(KEPT);
    await cache.put(answer.url, new Response(text, { headers }));
  });
}

// What a page on the screen needs to open again: the first one came before there was a worker to see it.
async function keepOpened({ page, files }) {
  for (const pause of TRIES_AFTER_MS) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const kept = keepPage(page).then(() => Promise.all(files.map(keepFile)));
    if (await kept.then(() => true, () => false)) return;
  }
}

async function keepPage(address) {
  const cache = await caches.open(KEPT);
  if (await cache.match(address, { ignoreVary: true })) return;
  const work = [];
  const answer = await fromNetwork(address, (one) => work.push(one));
  await Promise.all(work);
  if (answer.status >= 500) throw new Error("try again");
}

async function keepFile(name) {
  const cache = await caches.open(KEPT);
  if (!(await cache.match(name))) await cache.add(name);
}

async function file(request) {
  return (await caches.match(request, { ignoreVary: true })) || fetch(request);
}
