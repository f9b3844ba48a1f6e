// The scan page: camera, photo, WeChat's own scanner. A code opens its bag; without a network it is written down and sent
// later. Typed codes and search are plain forms and need nothing of this.
import QrScanner from "qr-scanner";
import { showKept } from "./kept-answer.js";
import { keepThisPage } from "./keep-page.js";
import { newNonce, queueOfThisPage } from "./queue.js";

const page = document.querySelector("main.scan");
const queue = queueOfThisPage();
const video = page.querySelector("video");
let busy = false;

const scanner = new QrScanner(video, (result) => seen(result.data), {
  returnDetailedScanResult: true,
  preferredCamera: "environment",
  maxScansPerSecond: 12,
  onDecodeError: () => {}, // no code in sight
});

// What a pickup code holds; anything else opens the page that says so.
function keyIn(text) {
  return /\/p\/([a-z2-7]{26})(?:[?#]|$)/.exec(text.trim())?.[1] || "unknown";
}

async function seen(text) {
  if (busy) return;
  busy = true;
  const key = keyIn(text);
  if (await queue.token()) {
    location.assign(page.dataset.bag.replace("KEY", key));
    return;
  }
  scanner.stop();
  if (key === "unknown") tell("[data-unreadable]");
  else showKept(queue, queue.kept.find((scan) => scan.key === key) || queue.add(key, newNonce()));
}

function tell(which) {
  page.querySelector(which).hidden = false;
  busy = false;
  startCamera();
}

async function startCamera() {
  try {
    await scanner.start();
    page.classList.remove("is-blind");
    const light = page.querySelector("[data-light]");
    light.hidden = !(await scanner.hasFlash());
    light.onclick = () => scanner.toggleFlash();
  } catch {
    page.classList.add("is-blind");
  }
}

async function readPhoto(event) {
  const [file] = event.target.files;
  event.target.value = "";
  if (!file) return;
  const found = await QrScanner.scanImage(file, { returnDetailedScanResult: true }).catch(() => null);
  if (found) seen(found.data);
  else tell("[data-unreadable]");
}

// Inside WeChat its own scanner is the quickest; the library comes only there.
async function offerWeChat() {
  const button = page.querySelector("[data-wechat]");
  if (!button) return;
  const { default: wx } = await import("weixin-js-sdk");
  const here = location.href.split("#")[0];
  const answer = await fetch(`${button.dataset.wechat}?url=${encodeURIComponent(here)}`);
  if (!answer.ok) return;
  wx.config({ debug: false, ...(await answer.json()), jsApiList: ["scanQRCode"] });
  wx.ready(() => {
    button.hidden = false;
    button.onclick = () =>
      wx.scanQRCode({ needResult: 1, scanType: ["qrCode"], success: (result) => seen(result.resultStr) });
  });
}

function showQueue() {
  const { kept, told } = queue;
  const offline = !navigator.onLine || document.documentElement.hasAttribute("data-kept");
  const badge = page.querySelector("[data-queue]");
  badge.hidden = !kept.length && !offline;
  page.querySelector("[data-queue-offline]").hidden = !offline;
  page.querySelector("[data-queue-online]").hidden = offline;
  page.querySelector("[data-queue-some]").hidden = !kept.length;
  page.querySelector("[data-queue-length]").textContent = kept.length;
  if (kept.length) {
    const oldest = new Date(kept[0].at);
    const time = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    page.querySelector("[data-queue-oldest]").textContent = time.format(oldest);
  }
  page.querySelector("[data-told]").replaceChildren(...told.map(tellOne));
}

function tellOne(scan) {
  const row = page.querySelector("template").content.cloneNode(true);
  row.querySelector("span").textContent = scan.said;
  row.querySelector("a").href = page.dataset.bag.replace("KEY", scan.key);
  row.querySelector("button").onclick = () => {
    queue.forget(scan.nonce);
    showQueue();
  };
  return row;
}

async function sendQueue() {
  if (queue.kept.length) await queue.send();
  showQueue();
}

page.querySelector("[data-photo]").addEventListener("change", readPhoto);
page.querySelector("[data-retry]").onclick = startCamera;
addEventListener("online", () => {
  document.documentElement.removeAttribute("data-kept");
  sendQueue();
});
addEventListener("offline", showQueue);
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  busy = false;
  startCamera();
  sendQueue();
});
showQueue();
sendQueue();
setInterval(sendQueue, 20000);
startCamera();
offerWeChat().catch(() => {});
if (!document.documentElement.hasAttribute("data-kept")) {
  // The decoder that browsers without one of their own need: fetched now, so that it is kept with the page.
  import("qr-scanner/qr-scanner-worker.min.js").catch(() => {});
  addEventListener("load", () => setTimeout(() => keepThisPage(page.dataset.worker).catch(() => {}), 500));
}
