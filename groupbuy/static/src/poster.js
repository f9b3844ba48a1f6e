// Draws a deal's poster: awning, title, price list, and a ticket with times and the QR code. 540 wide, drawn at twice that.
//
// `poster` holds finished words and addresses of this site only (see members/poster.py), so the canvas stays readable.
// Drawings of goods come from the page's own sprite. Always light, for paper and for whoever receives it.
import { heading, lines } from "./line-breaking.js";

const WIDTH = 540;
const SCALE = 2;
const EDGE = 24;
const C = {
  paper: "#f6f2ea", card: "#fffdfa", line: "#e9e2d5", ink: "#211e19", ink2: "#665f53", price: "#b93a12",
  brand: "#018942", brandInk: "#017a3b", cream: "#fffaf0", sky: "#fdf3e0", sky2: "#f9e6c9", shelf: "#e2bf8a", lip: "#eed3a6",
};
const TILES = { fruit: "#fdeedb", veg: "#e8f2df", dairy: "#e8f0f7", grain: "#f7ecda", cold: "#e6eef4" };
const COVER = 176;
const ROW = 92;

export async function drawPoster(poster) {
  const pictures = await load(poster);
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const family = getComputedStyle(document.body).fontFamily;
  pen.says = (size, weight = 400) => (pen.font = `${weight} ${size}px ${family}`);
  const plan = measure(pen, poster);
  canvas.width = WIDTH * SCALE;
  canvas.height = plan.height * SCALE;
  pen.scale(SCALE, SCALE);
  pen.textBaseline = "alphabetic";
  box(pen, 0, 0, WIDTH, plan.height, 0, C.paper);
  drawCover(pen, poster, pictures);
  drawSheet(pen, poster, plan, pictures);
  drawTicket(pen, poster, plan, pictures);
  return canvas;
}

// Everything that decides the height, before the canvas has one.
function measure(pen, poster) {
  pen.says(34, 700);
  const title = heading(pen, poster.title, WIDTH - 4 * EDGE, 2);
  pen.says(18, 600);
  const times = poster.times.map(([name, texts]) => [name, texts.flatMap((text) => lines(pen, text, 224, 1))]);
  const sheet = COVER - 22;
  const head = 34 + title.length * 44 + 34;
  const list = poster.items.length * ROW + (poster.more ? 40 : 0);
  const ticket = sheet + head + list + 40;
  const timesHigh = times.reduce((high, [, text]) => high + 26 + text.length * 25 + 10, 0);
  const ticketHigh = Math.max(266, timesHigh + 56);
  return { title, times, sheet, head, list, ticket, ticketHigh, timesHigh, height: ticket + ticketHigh + 64 };
}

function drawCover(pen, poster, pictures) {
  if (pictures.cover) {
    fill(pen, pictures.cover, 0, 0, WIDTH, COVER + 20);
  } else {
    const sky = pen.createLinearGradient(0, 0, 0, COVER);
    sky.addColorStop(0, C.sky);
    sky.addColorStop(1, C.sky2);
    box(pen, 0, 0, WIDTH, COVER + 20, 0, sky);
    box(pen, 0, COVER - 50, WIDTH, 70, 0, C.shelf);
    box(pen, 0, COVER - 50, WIDTH, 5, 0, C.lip);
    poster.shelf.forEach((symbol, i) => draw(pen, pictures[symbol], 12 + i * 87, COVER - 122, 82));
  }
  pen.fillStyle = "rgba(90, 67, 16, .16)";
  pen.fillRect(0, 0, WIDTH, 40);
  const stripe = WIDTH / 13;
  for (let i = 0; i < 13; i++) {
    pen.fillStyle = i % 2 ? C.cream : C.brand;
    pen.beginPath();
    pen.rect(i * stripe, 0, stripe, 26);
    pen.ellipse(i * stripe + stripe / 2, 26, stripe / 2, 17, 0, 0, Math.PI);
    pen.fill();
  }
}

// Title, leader and prices, on one sheet of paper.
function drawSheet(pen, poster, plan, pictures) {
  pen.shadowColor = "rgba(74, 58, 25, .12)";
  pen.shadowBlur = 24 * SCALE;
  box(pen, EDGE, plan.sheet, WIDTH - 2 * EDGE, plan.head + plan.list + 20, 22, C.card);
  pen.shadowColor = "transparent";
  let y = plan.sheet + 20;
  const left = 2 * EDGE;
  pen.says(34, 700);
  for (const line of plan.title) text(pen, line, left, (y += 44) - 8, C.ink);
  pen.says(19);
  text(pen, lines(pen, poster.leader, WIDTH - 4 * EDGE, 1)[0], left, (y += 30) - 4, C.ink2);
  y = plan.sheet + plan.head;
  for (const item of poster.items) drawItem(pen, item, y, pictures), (y += ROW);
  if (poster.more) {
    rule(pen, y);
    pen.says(18);
    text(pen, poster.more, WIDTH / 2, y + 29, C.ink2, "center");
  }
}

function drawItem(pen, item, top, pictures) {
  const left = 2 * EDGE;
  const right = WIDTH - 2 * EDGE;
  const middle = top + ROW / 2;
  rule(pen, top);
  box(pen, left, middle - 32, 64, 64, 14, TILES[item.drawing.tile] || TILES.grain);
  const photo = pictures[item.photo];
  if (photo) fill(pen, photo, left, middle - 32, 64, 64, 14);
  else draw(pen, pictures[item.drawing.symbol], left + 4, middle - 28, 56);

  pen.says(17);
  text(pen, item.unit, right, middle + 10, C.ink2, "right");
  let edge = right - pen.measureText(item.unit).width - 2;
  pen.says(34, 700);
  text(pen, item.price, edge, middle + 11, C.price, "right");
  edge -= pen.measureText(item.price).width + 2;
  pen.says(20, 600);
  text(pen, "¥", edge, middle + 10, C.price, "right");
  const room = edge - 20 - (left + 80);

  pen.says(21, 600);
  const name = lines(pen, item.name, room, 2);
  pen.says(16);
  const spec = item.spec ? lines(pen, item.spec, room, 1) : [];
  let y = middle - (name.length * 28 + spec.length * 24) / 2;
  pen.says(21, 600);
  for (const line of name) text(pen, line, left + 80, (y += 28) - 7, C.ink);
  pen.says(16);
  for (const line of spec) text(pen, line, left + 80, (y += 24) - 6, C.ink2);
}

// Green, torn off along the perforation: when, where, and the code.
function drawTicket(pen, poster, plan, pictures) {
  const [x, y, width, high] = [EDGE, plan.ticket, WIDTH - 2 * EDGE, plan.ticketHigh];
  box(pen, x, y, width, high, 22, C.brand);
  pen.fillStyle = C.paper;
  for (let hole = x + 20; hole < x + width - 12; hole += 21) circle(pen, hole, y, 5);

  const side = 196;
  const qrX = x + width - side - 20;
  const qrY = y + (high - side - 30) / 2 + 4;
  box(pen, qrX, qrY, side, side, 16, "#fff");
  pen.imageSmoothingEnabled = false;
  pen.drawImage(pictures.qr, qrX + 8, qrY + 8, side - 16, side - 16);
  pen.imageSmoothingEnabled = true;
  pen.says(17, 600);
  text(pen, poster.scan, qrX + side / 2, qrY + side + 26, "#fff", "center");

  let line = y + (high - plan.timesHigh) / 2 + 4;
  for (const [name, words] of plan.times) {
    pen.says(15);
    text(pen, name, x + 22, (line += 26) - 6, "#d8efe2");
    pen.says(18, 600);
    for (const part of words) text(pen, part, x + 22, (line += 25) - 5, "#fff");
    line += 10;
  }
  pen.says(15);
  text(pen, poster.site, WIDTH / 2, plan.height - 24, C.ink2, "center");
}

// -- pictures -----------------------------------------------------------------

async function load(poster) {
  const symbols = new Set(poster.items.map((item) => item.drawing.symbol));
  if (!poster.cover) poster.shelf.forEach((symbol) => symbols.add(symbol));
  const photos = poster.items.map((item) => item.photo).filter(Boolean);
  const found = await Promise.all([
    picture(poster.qr).then((qr) => ["qr", qr]), // without it there is no poster
    ...(poster.cover ? [maybe(poster.cover).then((cover) => ["cover", cover])] : []),
    ...photos.map((address) => maybe(address).then((photo) => [address, photo])),
    ...[...symbols].map((symbol) => maybe(drawing(symbol)).then((drawn) => [symbol, drawn])),
  ]);
  return Object.fromEntries(found);
}

async function picture(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

const maybe = (address) => picture(address).catch(() => null);

function drawing(symbol) {
  const source = document.getElementById(symbol);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80" width="240" height="240">${source ? source.innerHTML : ""}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

// -- pen strokes --------------------------------------------------------------

function text(pen, words, x, y, colour, align = "left") {
  pen.textAlign = align;
  pen.fillStyle = colour;
  pen.fillText(words, x, y);
}

function box(pen, x, y, width, height, radius, colour) {
  round(pen, x, y, width, height, radius);
  pen.fillStyle = colour;
  pen.fill();
}

function round(pen, x, y, width, height, r) {
  pen.beginPath();
  pen.moveTo(x + r, y);
  pen.arcTo(x + width, y, x + width, y + height, r);
  pen.arcTo(x + width, y + height, x, y + height, r);
  pen.arcTo(x, y + height, x, y, r);
  pen.arcTo(x, y, x + width, y, r);
  pen.closePath();
}

function circle(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}

function rule(pen, y) {
  pen.fillStyle = C.line;
  pen.fillRect(2 * EDGE, y, WIDTH - 4 * EDGE, 1);
}

function draw(pen, image, x, y, side) {
  if (image) pen.drawImage(image, x, y, side, side);
}

// As CSS `object-fit: cover`, in a rounded frame.
function fill(pen, image, x, y, width, height, radius = 0) {
  const scale = Math.max(width / image.naturalWidth, height / image.naturalHeight);
  const [w, h] = [image.naturalWidth * scale, image.naturalHeight * scale];
  pen.save();
  round(pen, x, y, width, height, radius);
  pen.clip();
  pen.drawImage(image, x + (width - w) / 2, y + (height - h) / 2, w, h);
  pen.restore();
}
