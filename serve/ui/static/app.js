// The page: choose, extract, look, correct, save.

import { $, element, get, opened, post, say } from "./api.js";
import { edits, settle, show } from "./fields.js";
import { load, point } from "./frame.js";
import * as table from "./table.js";

const state = { runs: [], first: null, other: null, row: null, page: null, saved: "{}", pointed: false };
const VIEWS = ["source", "frame", "read"];

/** Run an action; its error is said and its button waits meanwhile. */
const guarded = (act, button = null) => async (...details) => {
  if (button) button.disabled = true;
  try {
    await act(...details);
  } catch (error) {
    say(error.message, true);
  } finally {
    if (button) button.disabled = false;
  }
};

function view(name) {
  for (const other of VIEWS) {
    $(`${other}-view`).hidden = other !== name;
    $(`view-${other}`).setAttribute("aria-pressed", String(other === name));
  }
}

const options = (select, names) => select.replaceChildren(...names.map(([value, text]) => element("option", { value, text })));
const chosen = () => state.runs.find((run) => run.name === $("run").value);

function choose() {
  options($("variant"), chosen().variants.map((name) => [name, name]));
  $("schema").placeholder = JSON.stringify(chosen().schema, null, 1);
}

async function fillExamples() {
  const found = await get(`/api/examples?run=${encodeURIComponent($("run").value)}&variant=${encodeURIComponent($("variant").value)}`);
  state.examples = new Map(found.map((row) => [row.id, row.input]));
  const named = found.map((row) => [row.id, row.wrong ? `${row.id}: ${row.wrong} wrong` : row.id]);
  options($("example"), [["", "—"], ...named]);
}

async function start() {
  state.runs = (await get("/api/options")).runs;
  options($("run"), state.runs.map((run) => [run.name, run.name]));
  const all = state.runs.flatMap((run) => run.variants.map((name) => [`${run.name} ${name}`, `${run.name}:${name}`]));
  options($("other"), [["", "nothing"], ...all]);
  choose();
  if (document.body.dataset.batch === "yes") {
    const asked = await table.start(guarded(open));
    if (asked) pick(asked);
    toBatch();
  }
  await fillExamples();
}

function pick({ run, variant }) {
  $("run").value = run;
  choose();
  $("variant").value = variant;
}

const unsaved = () => JSON.stringify(edits()) !== state.saved;
const mayLeave = () => !unsaved() || confirm("The corrections of this page are not saved. Leave them?");

async function extract() {
  const page = $("source").value;
  if (!page.trim()) return say("Paste a page first, or open a file.", true);
  if (!mayLeave()) return;
  say("Extracting…");
  const schema = $("schema").value.trim() || null;
  const [run, variant] = $("other").value.split(" ");
  const first = await post("/api/extract", { page, run: $("run").value, variant: $("variant").value, schema });
  const other = variant ? await post("/api/extract", { page, run, variant, schema }) : null;
  const row = page === state.page ? state.row : null; // a row's page asked again stays that row
  Object.assign(state, { first, other, row });
  await present();
}

const why = ({ status, reason }) => (reason ? `${status} (${reason})` : status);

/** What an answer cost; nothing is known of a batch's. */
function cost({ seconds, prompt_tokens, answer_tokens, parts }) {
  if (seconds === undefined) return "";
  return `${seconds.toFixed(1)} s · ${prompt_tokens} + ${answer_tokens} tokens${parts > 1 ? ` · ${parts} parts` : ""}`;
}

/** Show the answer that `state.first` holds, its page, and what it cost. */
async function present() {
  const { first, other } = state;
  for (const name of ["frame", "read"]) $(`view-${name}`).disabled = false;
  show(first, other, guarded(pointAt));
  state.saved = JSON.stringify(edits());
  $("cost").textContent = other ? `${cost(first)}; ${other.model}: ${cost(other)}` : cost(first);
  view("frame");
  state.pointed = false;
  await load(first, $("styles").checked);
  const found = first.values.findIndex((value) => value.evidence.length);
  if (found >= 0 && !state.pointed) await point(found); // who was quicker has chosen a place already
  $("rows").hidden = state.row === null;
  const failed = [];
  if (first.status !== "ok") failed.push(`No record: ${why(first)}. You can still fill in the fields.`);
  if (other && other.status !== "ok") failed.push(`No record of ${other.model}: ${why(other)}.`);
  say(failed.join(" "), failed.length > 0);
}

/** Show the `n`th place of a value; without one its first, where the page is in sight anyway. */
async function pointAt(which, number, n = null) {
  if (n === null && $("frame-view").hidden) return;
  state.pointed = true;
  view("frame");
  load(state[which], $("styles").checked);
  const seen = await point(number, n);
  if (n === null) return;
  $("frame").scrollIntoView({ block: "nearest" });
  say(seen ? "" : "A reader of the page does not see this place.", !seen);
}

async function readByModel() {
  view("read");
  const found = await get(`/pages/${state.first.id}/read`);
  const share = (100 * (1 - found.left / found.given)).toFixed(0);
  const pieces = found.runs.map(([kept, text]) => element(kept ? "span" : "del", { text }));
  $("read-view").replaceChildren(
    element("p", { text: `${found.left.toLocaleString("en")} of ${found.given.toLocaleString("en")} characters are read; ${share} % were taken away.` }),
    element("h3", { text: "What the model reads" }),
    element("pre", { text: found.read }),
    element("h3", { text: "The source, with what was taken away struck out" }),
    element("pre", {}, ...pieces),
  );
}

async function save() {
  const saved = await post("/api/save", { id: state.first.id, edits: edits() });
  settle(saved.edits);
  state.saved = JSON.stringify(edits());
  if (state.row !== null) table.correct(state.row, saved.output);
  say(`Saved to ${saved.path}, which now has ${saved.n} example${saved.n === 1 ? "" : "s"}: make train DATA=${saved.path}`);
}

async function open(number) {
  if (!mayLeave()) return;
  const first = await post("/api/look", { row: number, run: $("run").value, variant: $("variant").value });
  Object.assign(state, { first, other: null, row: number });
  $("source").value = state.first.page;
  $("example").value = "";
  state.page = $("source").value; // with the line ends of a text area
  $("work").hidden = false;
  $("batch").hidden = true;
  await present();
}

function toBatch() {
  $("work").hidden = true;
  $("batch").hidden = false;
  if (state.row !== null) table.reveal(state.row);
}

async function step(by) {
  const next = table.beside(state.row, by);
  if (next !== null) await open(next);
}

async function take(file) {
  if (file) put(await opened(file), file.name);
}

/** Put a page into the source. */
function put(text, name) {
  $("source").value = text;
  $("example").value = "";
  $("work").hidden = false;
  $("batch").hidden = true;
  view("source");
  say(`${name} is here: extract it.`);
}

/** What was dropped: source is taken as it is, a piece of another page as its HTML. */
function carried(data) {
  const text = data.getData("text/plain");
  return /<[a-z!]/i.test(text) ? text : data.getData("text/html") || text;
}

/** Whether the browser itself puts dropped text where it belongs: into a field, or a source that has some already. */
function isNative({ target, dataTransfer }) {
  if (dataTransfer.types.includes("Files") || !target.matches?.("textarea, input")) return false;
  return target !== $("source") || target.value !== "";
}

$("run").addEventListener("change", guarded(async () => { choose(); await fillExamples(); }));
$("variant").addEventListener("change", guarded(fillExamples));
$("example").addEventListener("change", () => {
  if ($("example").value) $("source").value = state.examples.get($("example").value);
  view("source");
});
$("file").addEventListener("change", guarded(() => take($("file").files[0])));
document.addEventListener("dragover", (event) => {
  if (!isNative(event)) event.preventDefault();
});
document.addEventListener("drop", guarded(async (event) => {
  if (isNative(event)) return;
  event.preventDefault();
  const [file, text] = [event.dataTransfer.files[0], carried(event.dataTransfer)];
  if (file) await take(file);
  else if (text.trim()) put(text, "What you dropped");
}));
document.addEventListener("paste", (event) => {
  if (event.target.matches?.("textarea, input")) return; // there the browser pastes
  const text = event.clipboardData.getData("text/plain");
  if (text.trim()) put(text, "What you pasted");
});
addEventListener("beforeunload", (event) => {
  if (unsaved()) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("extract").click();
});
$("extract").addEventListener("click", guarded(extract, $("extract")));
$("save").addEventListener("click", guarded(save, $("save")));
$("view-source").addEventListener("click", () => view("source"));
$("view-frame").addEventListener("click", () => view("frame"));
$("view-read").addEventListener("click", guarded(readByModel));
$("styles").addEventListener("change", guarded(() => load(state.first, $("styles").checked)));
$("previous").addEventListener("click", guarded(() => step(-1)));
$("next").addEventListener("click", guarded(() => step(1)));
$("to-batch")?.addEventListener("click", toBatch);
guarded(start)();
