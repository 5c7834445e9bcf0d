// The fields of an answer: how sure, where they stand, and their corrections.

import { $, element, say } from "./api.js";
import { point, selected } from "./frame.js";

export const shown = (value) => (value === null ? "" : typeof value === "string" ? value : JSON.stringify(value));
const percent = (p) => (p > 0.99 && p < 1 ? `${Math.floor(1000 * p) / 10} %` : `${Math.round(100 * p)} %`); // 100 % is certain

let inputs = new Map();

/** Show an answer; `other`: the answer of what it is compared with, or null. `onpoint` gets (which answer, number, place). */
export function show(answer, other, onpoint) {
  inputs = new Map();
  const theirs = new Map((other?.values ?? []).map((value, i) => [value.path, { ...value, i }]));
  const items = answer.values.map((value, i) => item(value, i, theirs.get(value.path), other, onpoint));
  $("values").replaceChildren(...items);
  $("empty").hidden = true;
  $("save-bar").hidden = false;
}

/** The corrected values by path, as text; null where the field was emptied. */
export function edits() {
  const changed = {};
  for (const [path, { input, value }] of inputs) {
    if (input.value !== shown(value)) changed[path] = input.value === "" ? null : input.value;
  }
  return changed;
}

/** Show edited values, by path, as they were saved: "€ 450" has become the number 450. */
export function settle(saved) {
  for (const [path, value] of Object.entries(saved)) {
    const { input } = inputs.get(path);
    input.value = shown(value);
    input.dispatchEvent(new Event("input"));
  }
}

function item(value, i, their, other, onpoint) {
  const id = `value-${i}`;
  const input = element("textarea", { id, rows: 1, spellcheck: "false", placeholder: "null: not on the page" });
  input.value = shown(value.value);
  inputs.set(value.path, { input, value: value.value });
  const li = element("li", { "data-path": value.path });
  const changed = element("span", { class: "badge changed", text: "corrected", hidden: true });
  const update = () => {
    changed.hidden = input.value === shown(value.value);
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight + 2}px`;
  };
  input.addEventListener("input", update);
  input.addEventListener("focus", () => onpoint("first", i));
  const take = () => {
    const text = selected();
    if (text) input.value = text;
    say(text ? "" : "Select the value’s text in the page first.", !text);
    update();
  };
  li.append(
    element(
      "div",
      { class: "head" },
      element("label", { for: id, text: value.path }),
      ...badges(value),
      changed,
    ),
    input,
    element(
      "div",
      { class: "tools" },
      element("button", { class: "quiet", onclick: take, "aria-label": `Use the selection for ${value.path}`, text: "Use selection" }),
      element("button", {
        class: "quiet",
        "aria-label": `Empty ${value.path}`,
        text: "Empty",
        onclick: () => {
          input.value = "";
          update();
        },
      }),
      ...places(value, i, "first", onpoint),
    ),
  );
  if (other) li.append(compared(value, their, other, onpoint));
  requestAnimationFrame(update);
  return li;
}

function badges(value) {
  const found = [];
  if (value.probability !== null) {
    const level = value.probability >= 0.9 ? "high" : value.probability >= 0.5 ? "middle" : "low";
    found.push(element("span", { class: `badge ${level}`, title: "How sure the model was", text: percent(value.probability) }));
  }
  if (value.grounded === true) found.push(element("span", { class: "badge high", text: "on the page" }));
  if (value.grounded === false) found.push(element("span", { class: "badge low", text: "not on the page" }));
  return found;
}

function places(value, i, which, onpoint) {
  return value.evidence.slice(0, 3).map((place, n) => {
    const path = place.attribute ? `${place.xpath}/@${place.attribute}` : place.xpath;
    return element("button", {
      class: "place",
      title: `Show where it stands: ${path}`,
      onclick: () => onpoint(which, i, n),
    }, element("bdi", { dir: "ltr", text: path || "in the text" })); // in a line from right to left, so that its end is in sight
  });
}

function compared(value, their, other, onpoint) {
  const same = their && shown(their.value) === shown(value.value);
  const box = element("div", { class: same ? "other same" : "other differs" });
  box.append(
    element("span", { class: "who", text: other.model }),
    element(same ? "span" : "mark", { text: same ? "the same" : shown(their?.value ?? null) || "null" }),
  );
  if (their) box.append(...badges(their).slice(0, 1), ...(same ? [] : places(their, their.i, "other", onpoint).slice(0, 1)));
  return box;
}

export { point };
