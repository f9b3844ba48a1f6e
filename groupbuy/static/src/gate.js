// Bag pages and answers at the gate. Without script they are plain forms; this keeps the count on the button true, sends
// the form without leaving the page (so that sound and vibration are allowed), and writes the act down when the network
// is gone.
import { announce } from "./announce.js";
import { showKept } from "./kept-answer.js";
import { queueOfThisPage } from "./queue.js";

const BACK_AFTER_MS = 3000;
const PATIENCE_MS = 12000;
let goingBack;

function start() {
  clearTimeout(goingBack);
  const form = document.querySelector("form[data-hand-over]");
  if (form) watchBag(form);
  const answer = document.querySelector("main[data-answer]:not([hidden])");
  if (!answer) return;
  announce(answer.dataset.answer);
  if (answer.dataset.back) goBackSoon(answer);
}

function watchBag(form) {
  const count = () => {
    const boxes = [...form.querySelectorAll("input[type=checkbox]")];
    const pieces = boxes.filter((box) => box.checked).reduce((sum, box) => sum + Number(box.value), 0);
    for (const place of form.querySelectorAll("[data-count]")) place.textContent = pieces;
    form.closest(".bag").classList.toggle("is-empty", !pieces);
  };
  form.addEventListener("change", count);
  count();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.closest(".is-empty")) form.querySelector("input[type=checkbox]")?.focus();
    else if (!form.dataset.sent) send(form);
  });
}

async function send(form) {
  form.dataset.sent = "1";
  const impatient = new AbortController();
  const timer = setTimeout(() => impatient.abort(), PATIENCE_MS);
  try {
    if (!navigator.onLine) throw new Error("offline");
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), signal: impatient.signal });
    show(await answer.text(), answer.url);
  } catch {
    writeDown(form);
  } finally {
    clearTimeout(timer);
    delete form.dataset.sent;
  }
}

function show(text, address) {
  const page = new DOMParser().parseFromString(text, "text/html");
  document.title = page.title;
  document.body.replaceWith(page.body);
  history.pushState(null, "", address);
  scrollTo(0, 0);
  start();
}

// The same nonce as the form's: should the server have heard it after all, it is the same handover.
function writeDown(form) {
  const queue = queueOfThisPage();
  const pieces = {};
  for (const box of form.querySelectorAll("input[type=checkbox]:checked")) {
    pieces[box.name.replace("give-", "")] = Number(box.value);
  }
  if (!Object.keys(pieces).length || form.elements.cash) {
    document.querySelector("[data-no-network]").hidden = false; // money is only taken with a network
    return;
  }
  showKept(queue, queue.add(form.dataset.handOver, form.elements.nonce.value, pieces));
}

// Back to scanning by itself, unless the helper touches the page.
function goBackSoon(answer) {
  goingBack = setTimeout(() => location.assign(answer.dataset.back), BACK_AFTER_MS);
  for (const touch of ["pointerdown", "keydown", "focusin"]) {
    answer.addEventListener(touch, () => {
      clearTimeout(goingBack);
      for (const tip of answer.querySelectorAll("[data-tip]")) tip.classList.add("is-still");
    });
  }
}

addEventListener("popstate", () => location.reload());
start();
