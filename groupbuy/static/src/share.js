// The share page: copying texts, and the poster. Without script the texts can be marked and the QR code saved.
import { startCopying } from "./copying.js";
import { drawPoster } from "./poster.js";

startCopying();

async function showPoster(box) {
  const [plain, wait, done] = ["plain", "wait", "done"].map((part) => box.querySelector(`[data-poster-${part}]`));
  wait.hidden = false;
  try {
    const canvas = await drawPoster(JSON.parse(box.dataset.poster));
    const picture = canvas.toDataURL("image/png"); // WeChat saves no blob: address by long press
    done.querySelector("img").src = picture;
    done.querySelector("a").href = picture;
    done.hidden = false;
    plain.hidden = true;
  } finally {
    wait.hidden = true; // if drawing failed, the plain QR code is still there
  }
}

const box = document.querySelector("[data-poster]");
if (box) showPoster(box);
