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

/** Bring the places of a value to light and scroll to the `n`th. */
export async function point(number, n = 0) {
  await loading;
  const inside = $("frame").contentDocument;
  for (const old of inside.querySelectorAll("[data-fieldsift].on")) old.classList.remove("on");
  const marks = [...inside.querySelectorAll(`[data-fieldsift="${token}:${number}"]`)];
  for (const mark of marks) mark.classList.add("on");
  (marks[n] ?? marks[0])?.scrollIntoView({ block: "center" });
}

/** The text that is selected in the frame, or in the source. */
export function selected() {
  const source = $("source");
  const typed = $("source-view").hidden ? "" : source.value.slice(source.selectionStart, source.selectionEnd);
  const inside = $("frame").contentDocument?.getSelection()?.toString() ?? "";
  return (inside || typed).replace(/\s+/g, " ").trim();
}
