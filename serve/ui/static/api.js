// The server's answers; an error is its one sentence.

async function answered(response) {
  const body = await response.json().catch(() => ({ error: `the server answered HTTP ${response.status}` }));
  if (!response.ok) throw new Error(body.error ?? `the server answered HTTP ${response.status}`);
  return body;
}

export const get = async (path) => answered(await fetch(path));

export const post = async (path, body) =>
  answered(
    await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }),
  );

/** The text of a file, whatever its encoding. */
export const opened = async (file) =>
  (await answered(
    await fetch("/api/open", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file }),
  )).page;

export const $ = (id) => document.getElementById(id);

/** An element with properties (`class`, `text`, `onclick`, other attributes) and children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") made.textContent = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function say(text, wrong = false) {
  const message = $("message");
  message.textContent = text;
  message.classList.toggle("wrong", wrong);
  message.hidden = !text;
}
