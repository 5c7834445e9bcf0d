// The sandboxed frame: nothing in it runs; this page reads its selection and points at marks in it.

import { $ } from "./api.js";

let token = "";
let loading = Promise.resolve();

/** Show a page that the server keeps. */
export function load(answer, styled) {
  token = answer.token;
  const frame = $("frame");
  const path = `/pages/${answer.id}${styled ? "" : "?styles=0"}`;
  if (frame.getAttribute("src") === path) return loading;
  loading = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
  frame.setAttribute("src", path);
  return loading;
}

/** Bring the places of a value to light and scroll to the `n`th, or to the likeliest in sight; whether a reader sees it. */
export async function point(number, n = null) {
  await loading;
  const inside = $("frame").contentDocument;
  for (const old of inside.querySelectorAll("[data-fieldsift].on")) old.classList.remove("on");
  const marks = [...inside.querySelectorAll(`[data-fieldsift^="${token}:${number}:"]`)];
  for (const mark of marks) mark.classList.add("on");
  const place = (mark) => Number(mark.dataset.fieldsift.split(":")[2]); // the likeliest is 0
  const seen = marks.filter((mark) => mark.getClientRects().length).sort((a, b) => place(a) - place(b));
  const mark = seen.find((mark) => n === null || place(mark) === n);
  const top = window.scrollY;
  mark?.scrollIntoView({ block: "center" });
  window.scrollTo(0, top); // it scrolls this page too, away from the field that is being typed in
  return Boolean(mark);
}

/** The text that is selected in what is in sight: the page, its source, or what the model reads. */
export function selected() {
  const source = $("source");
  let text = getSelection().toString();
  if (!$("frame-view").hidden) text = $("frame").contentDocument.getSelection().toString();
  if (!$("source-view").hidden) text = textOf(source.value.slice(source.selectionStart, source.selectionEnd));
  return text.replace(/\s+/g, " ").trim();
}

/** The text of HTML, of which nothing is run or loaded. */
const textOf = (html) => new DOMParser().parseFromString(html, "text/html").body.textContent;
