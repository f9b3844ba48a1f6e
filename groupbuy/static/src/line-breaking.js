// Breaks a text into lines as Chinese is set: between any two characters, but no line begins with a closing mark or
// ends with an opening one, and words, numbers and prices of other scripts stay whole.
const PIECES = /[\p{Script=Latin}\p{N}¥.%/:+–-]+|\s+|./gu;
const NOT_FIRST = /^[,.;:!?、，。；：！？）」』”’》〉】…%·]/u;
const NOT_LAST = /[（「『“‘《〈【¥]$/u;

// At most `most` lines no wider than `room` in the pen's present font; what does not fit ends in "…".
export function lines(pen, text, room, most) {
  const fits = (words) => pen.measureText(words).width <= room;
  const found = [""];
  for (const piece of pieces(text.trim(), fits)) {
    const line = found[found.length - 1];
    if (!line || fits(line + piece.trimEnd())) found[found.length - 1] = line + piece;
    else carry(found, piece.trimStart());
  }
  const kept = found.map((line) => line.trim());
  return kept.length > most ? [...kept.slice(0, most - 1), cut(kept.slice(most - 1).join(""), fits)] : kept;
}

// A heading on up to `most` lines: one that needs two is parted where its own marks part it, if both halves fit.
export function heading(pen, text, room, most) {
  const plain = lines(pen, text, room, most);
  if (plain.length !== 2) return plain;
  const halves = [...text.matchAll(/[：:，,。；;！!？?·、\s]+/gu)]
    .map((mark) => [text.slice(0, mark.index) + mark[0].trimEnd(), text.slice(mark.index + mark[0].length), mark[0]])
    .map(([first, second, mark]) => ({ first, second, mark, wide: [first, second].map((half) => pen.measureText(half).width) }))
    .filter(({ second, wide }) => second && Math.max(...wide) <= room);
  const cost = ({ mark, wide }) => Math.abs(wide[0] - wide[1]) + (mark === "、" ? room / 3 : 0);
  halves.sort((one, other) => cost(one) - cost(other));
  return halves.length ? [halves[0].first, halves[0].second] : plain;
}

function* pieces(text, fits) {
  for (const piece of text.match(PIECES) || []) {
    if (fits(piece)) yield piece;
    else yield* piece; // a word longer than a line
  }
}

// Begin a new line with `piece`, taking along what may not be parted from it.
function carry(found, piece) {
  const last = found.length - 1;
  const before = [...found[last]];
  let taken = piece;
  while (before.length > 1 && (NOT_FIRST.test(taken) || NOT_LAST.test(before.join("")))) taken = before.pop() + taken;
  found[last] = before.join("");
  found.push(taken);
}

function cut(text, fits) {
  const letters = [...text];
  while (letters.length && !fits(`${letters.join("")}…`)) letters.pop();
  return `${letters.join("").trimEnd()}…`;
}
