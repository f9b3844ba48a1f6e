// The amber screen: a scan was written down on this phone and will be sent later.
import { announce } from "./announce.js";

export function showKept(queue, scan) {
  const screen = document.querySelector("[data-kept-answer]");
  const pages = [...document.querySelectorAll("main")].filter((page) => page !== screen);
  const at = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const words = at.formatToParts(new Date(scan.at)).map(({ type, value }) => (type === "weekday" ? `${value} ` : value));
  screen.querySelector("[data-kept-at]").textContent = words.join("").replace(/ {2,}/g, " ");
  screen.querySelector("[data-kept-place]").textContent = queue.kept.findIndex((other) => other.nonce === scan.nonce) + 1;
  screen.querySelector("[data-kept-forget]").onclick = () => {
    queue.forget(scan.nonce);
    location.assign(screen.dataset.next);
  };
  for (const page of pages) page.hidden = true;
  screen.hidden = false;
  screen.querySelector("a").focus();
  announce("wait");
}
