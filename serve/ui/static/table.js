// The answers of a batch: sorted, filtered, exported. A row's elements are made once.

import { $, element, get } from "./api.js";
import { shown } from "./fields.js";

let rows = [];
let order = { key: "lowest", down: false };
let visible = [];

/** Read the batch and show it; `onopen` gets a row's number. */
export async function start(onopen) {
  const { fields, rows: found } = await get("/api/batch");
  rows = found.map((row, number) => ({ ...row, number, line: line(row, fields, () => onopen(number)) }));
  const columns = [["id", "Id"], ["status", "Status"], ["lowest", "Least sure"], ...fields.map((name) => [`.${name}`, name])];
  $("heads").replaceChildren(...columns.map(head));
  for (const status of [...new Set(rows.map((row) => row.status))].sort()) $("status").append(element("option", { text: status }));
  $("status").append(element("option", { value: "!ok", text: "all failures" }));
  for (const id of ["status", "find"]) $(id).addEventListener("input", draw);
  $("export").addEventListener("click", save);
  draw();
}

/** Take a corrected record over into the table. */
export function correct(number, output) {
  const row = rows[number];
  row.output = output;
  row.corrected = true;
  row.line.classList.add("corrected");
  for (const cell of row.line.querySelectorAll("td[data-field]")) cell.textContent = shown(output[cell.dataset.field] ?? null);
}

/** The row before or after one, as the table shows them; null at an end. */
export function beside(number, step) {
  const place = visible.findIndex((row) => row.number === number) + step;
  return visible[place]?.number ?? null;
}

function head([key, title]) {
  const button = element("button", { class: "quiet", text: title, onclick: () => sort(key) });
  return element("th", { scope: "col", "data-key": key }, button);
}

function line(row, fields, onopen) {
  const open = element("button", { class: "link", text: row.id, onclick: onopen });
  const lowest = row.lowest === null ? "" : row.lowest.toFixed(3);
  return element(
    "tr",
    { class: row.status === "ok" ? null : "failed" },
    element("th", { scope: "row" }, open),
    element("td", { title: row.reason, text: row.status }),
    element("td", { class: "number", text: lowest }),
    ...fields.map((name) => element("td", { "data-field": name, text: shown(row.output?.[name] ?? null) })),
  );
}

function sort(key) {
  order = { key, down: order.key === key && !order.down };
  draw();
}

const valueOf = (row, key) => (key.startsWith(".") ? (row.output?.[key.slice(1)] ?? null) : row[key]);

function compare(a, b) {
  const [left, right] = [valueOf(a, order.key), valueOf(b, order.key)];
  if (left === null || right === null) return (left === null) - (right === null) || a.number - b.number;
  const sign = order.down ? -1 : 1;
  return sign * (typeof left === "number" && typeof right === "number" ? left - right : String(left).localeCompare(String(right)));
}

function draw() {
  const [status, text] = [$("status").value, $("find").value.toLowerCase()];
  visible = rows
    .filter((row) => !status || (status === "!ok" ? row.status !== "ok" : row.status === status))
    .filter((row) => !text || row.line.textContent.toLowerCase().includes(text))
    .sort(compare);
  $("body").replaceChildren(...visible.map((row) => row.line));
  $("count").textContent = `${visible.length} of ${rows.length}`;
  for (const cell of $("heads").children) {
    const state = cell.dataset.key === order.key ? (order.down ? "descending" : "ascending") : "none";
    cell.setAttribute("aria-sort", state);
  }
}

function save() {
  const lines = visible.map(({ id, output, status, reason, corrected }) => JSON.stringify({ id, output, status, reason, corrected: corrected ?? false }));
  const link = element("a", { download: "answers.jsonl", href: URL.createObjectURL(new Blob([`${lines.join("\n")}\n`])) });
  link.click();
  URL.revokeObjectURL(link.href);
}
