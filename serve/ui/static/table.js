// The answers of a batch: sorted, filtered, exported. Only the rows in sight are in the document.

import { $, element, get } from "./api.js";
import { shown } from "./fields.js";

const BEYOND = 10; // rows that are kept ready above and below those in sight
const collator = new Intl.Collator("en", { numeric: true });

let [fields, rows, visible] = [[], [], []];
let order = { key: "lowest", down: false };
let [lines, onopen] = [new Map(), null]; // the rows in the document by number; what a click on an id does
let height = 32; // pixels of a row, measured when one is there

/** Read the batch and show it; `open` gets a row's number. Returns the {run, variant} that answered it, or null. */
export async function start(open) {
  const batch = await get("/api/batch");
  [fields, onopen] = [batch.fields, open];
  rows = batch.rows.map((row, number) => ({ ...row, number, text: searched(row) }));
  const columns = [["id", "Id"], ["status", "Status"], ["lowest", "Least sure"], ...fields.map((name) => [`.${name}`, name])];
  $("heads").replaceChildren(...columns.map(head));
  for (const status of [...new Set(rows.map((row) => row.status))].sort()) $("status").append(element("option", { text: status }));
  $("status").append(element("option", { value: "!ok", text: "all failures" }));
  for (const id of ["status", "find"]) $(id).addEventListener("input", choose);
  $("export").addEventListener("click", save);
  $("scroll").addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe($("scroll"));
  choose();
  return batch.asked;
}

/** Take a corrected record over into the table. */
export function correct(number, output) {
  Object.assign(rows[number], { output, corrected: true });
  rows[number].text = searched(rows[number]);
  lines.get(number)?.remove();
  lines.delete(number);
}

/** The row before or after one, as the table shows them; null at an end. */
export function beside(number, step) {
  const place = visible.findIndex((row) => row.number === number) + step;
  return visible[place]?.number ?? null;
}

/** Bring a row into sight and set the focus on it. */
export function reveal(number) {
  const place = visible.findIndex((row) => row.number === number);
  const scroll = $("scroll");
  const [top, room] = [place * height, scroll.clientHeight - 2 * height];
  if (place >= 0 && (top < scroll.scrollTop || top > scroll.scrollTop + room)) scroll.scrollTop = top - room / 2;
  draw();
  lines.get(number)?.querySelector("button").focus({ preventScroll: true });
}

const valueOf = (row, key) => (key.startsWith(".") ? (row.output?.[key.slice(1)] ?? null) : row[key]);
const searched = (row) => [row.id, row.url, row.status, ...fields.map((name) => shown(row.output?.[name] ?? null))].join("\n").toLowerCase();

function head([key, title]) {
  return element("th", { scope: "col", "data-key": key }, element("button", { class: "quiet", text: title, onclick: () => sort(key) }));
}

function line(row) {
  const values = fields.map((name) => shown(row.output?.[name] ?? null));
  const kind = [row.status === "ok" ? "" : "failed", row.corrected ? "corrected" : ""].join(" ").trim();
  return element(
    "tr",
    { class: kind || null },
    element("th", { scope: "row" }, element("button", { class: "link", text: row.id, title: row.url, onclick: () => onopen(row.number) })),
    element("td", { title: row.reason, text: row.status }),
    element("td", { class: "number", text: row.lowest === null ? "" : row.lowest.toFixed(3) }),
    ...values.map((text) => element("td", { title: text, text })),
  );
}

function sort(key) {
  order = { key, down: order.key === key && !order.down };
  choose();
}

function compare(a, b) {
  const [left, right] = [valueOf(a, order.key), valueOf(b, order.key)];
  if (left === null || right === null) return (left === null) - (right === null) || a.number - b.number;
  const sign = order.down ? -1 : 1;
  return sign * (typeof left === "number" && typeof right === "number" ? left - right : collator.compare(shown(left), shown(right)));
}

/** Filter and sort the rows, and draw them from the first. */
function choose() {
  const [status, text] = [$("status").value, $("find").value.toLowerCase()];
  visible = rows
    .filter((row) => !status || (status === "!ok" ? row.status !== "ok" : row.status === status))
    .filter((row) => row.text.includes(text))
    .sort(compare);
  $("count").textContent = `${visible.length} of ${rows.length}`;
  $("table").setAttribute("aria-rowcount", visible.length + 1);
  for (const cell of $("heads").children) {
    const state = cell.dataset.key === order.key ? (order.down ? "descending" : "ascending") : "none";
    cell.setAttribute("aria-sort", state);
  }
  $("scroll").scrollTop = 0;
  draw();
}

/** Put the rows in sight into the document; one that stays is not touched, so it keeps the focus. */
function draw() {
  const scroll = $("scroll");
  const first = Math.max(0, Math.floor(scroll.scrollTop / height) - BEYOND);
  const wanted = visible.slice(first, first + Math.ceil(scroll.clientHeight / height) + 2 * BEYOND);
  const kept = new Map(wanted.map((row) => [row.number, lines.get(row.number) ?? line(row)]));
  for (const [number, old] of lines) if (!kept.has(number)) old.remove();
  lines = kept;
  let next = $("body").firstChild;
  wanted.forEach((row, i) => {
    const made = lines.get(row.number);
    made.setAttribute("aria-rowindex", first + i + 2); // the heads are the first
    if (made === next) next = next.nextSibling;
    else $("body").insertBefore(made, next);
  });
  height = $("body").firstChild?.getBoundingClientRect().height || height;
  $("above").style.height = `${first * height}px`;
  $("below").style.height = `${(visible.length - first - wanted.length) * height}px`;
}

function save() {
  const kept = visible.map(({ id, output, status, reason, probability, corrected }) =>
    JSON.stringify({ id, record: output, status, reason, probability, corrected: corrected ?? false }));
  const link = element("a", { download: "answers.jsonl", href: URL.createObjectURL(new Blob([kept.join("\n"), "\n"])) });
  link.click();
  URL.revokeObjectURL(link.href);
}
