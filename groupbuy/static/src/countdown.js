// Keeps the time left to a moment true while the page is open. The server has already written it once:
//
//   <div data-closes-at="2026-11-20T12:00:00Z" data-now="2026-11-20T08:47:15Z">
//     <span role="timer"><span data-unit="d"><b>0</b>天</span><span data-unit="h"><b>03</b>时</span>…</span>
//     <p data-when-closed role="status" hidden>已截单</p>
//   </div>
//
// Counting is against the server's clock (data-now), for phones are often minutes off. Units left out fall to the
// next smaller one. At zero the timer gives way to what the server wrote for that; whether the deal really is closed
// only the server decides.
const SECONDS = { d: 86400, h: 3600, m: 60, s: 1 };

function draw(timer, left) {
  for (const [unit, size] of Object.entries(SECONDS)) {
    const part = timer.querySelector(`[data-unit="${unit}"]`);
    if (!part) continue;
    const count = Math.floor(left / size);
    left -= count * size;
    part.hidden = unit === "d" && count === 0;
    part.querySelector("b").textContent = unit === "d" ? count : String(count).padStart(2, "0");
  }
}

function start(box) {
  const ahead = Date.parse(box.dataset.now) - Date.now(); // how far the server's clock is ahead of ours
  const closesAt = Date.parse(box.dataset.closesAt);
  const timer = box.querySelector('[role="timer"]');
  const closed = box.querySelector("[data-when-closed]");
  if (Number.isNaN(closesAt + ahead) || !timer) return;

  timer.removeAttribute("aria-label"); // it said the time of loading; from now on the text is the truth
  const tick = () => {
    const left = closesAt - Date.now() - ahead;
    draw(timer, Math.max(0, Math.ceil(left / 1000)));
    if (left > 0) {
      setTimeout(tick, left % 1000 || 1000); // on the second; a sleeping phone catches up by itself
    } else if (closed) {
      timer.hidden = true;
      closed.hidden = false;
    }
  };
  tick();
}

export function startCountdowns() {
  document.querySelectorAll("[data-closes-at]").forEach(start);
}
