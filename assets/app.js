// Purpose: what pages do beyond links and forms: parts that load again (htmx), messages about what failed, times in the
// reader's own zone, files read into a field, pictures uploaded, and a question before something is destroyed. Every page works without it.
import htmx from "htmx.org/dist/htmx.esm.js";

window.htmx = htmx;

/** Says something that went wrong, for as long as it takes to read. */
function toast(text) {
  const line = document.createElement("p");
  line.textContent = text;
  const close = document.createElement("button");
  close.className = "plain";
  close.textContent = "Close";
  close.addEventListener("click", () => line.remove());
  line.append(" ", close);
  document.getElementById("toasts")?.append(line);
}

document.addEventListener("htmx:responseError", ({ detail }) => {
  const said = /<p>([^<]+)<\/p>/.exec(detail.xhr.responseText)?.[1];
  toast(detail.xhr.status === 401 ? "You are signed out. Load the page again to sign in." : said ?? `That did not work (${detail.xhr.status}).`);
});
// A part that loads itself every few seconds says nothing: the next try may do.
document.addEventListener("htmx:sendError", ({ detail }) => {
  if (!detail.elt.hasAttribute("data-quiet")) toast("No connection. Try again in a moment.");
});

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Times come in UTC, and are shown in the reader's zone. `data-relative` says how far away they are. */
function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.dataset.local = "";
    time.title = time.dateTime;
    time.textContent = TIME.format(at);
  }
}

/** `<input type=file data-into="#id">` puts the file's text into that field. */
function readFile(input) {
  const target = document.querySelector(input.dataset.into);
  const [file] = input.files;
  if (!file || !target) return;
  if (file.size > 2_000_000) {
    toast("This file is larger than 2 megabytes.");
    return;
  }
  file.text().then((text) => {
    target.value = text;
    target.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

/** A picture as every platform takes it: JPEG, no side longer than this, and nothing left of what the camera noted (place, time). */
const SIDE_MAX = 2_048;

async function asJpeg(file) {
  const picture = await createImageBitmap(file).catch(() => {
    throw new Error("Your browser cannot read this file as a picture.");
  });
  const scale = Math.min(1, SIDE_MAX / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
  const drawing = canvas.getContext("2d");
  drawing.fillStyle = "white";
  drawing.fillRect(0, 0, canvas.width, canvas.height);
  drawing.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
}

/** `<input type=file data-upload="address" data-into="#id" data-shown="#id">` has a picture kept: the field names it, the image shows it. */
async function upload(input) {
  const [field, shown] = [input.dataset.into, input.dataset.shown].map((id) => document.querySelector(id));
  const [file] = input.files;
  if (!file) return;
  input.setAttribute("aria-busy", "true");
  try {
    const body = await asJpeg(file);
    const headers = { "content-type": body.type, "x-form-token": input.form.elements.form_token.value, "idempotency-key": crypto.randomUUID() };
    const response = await fetch(input.dataset.upload, { method: "POST", headers, body });
    const said = await response.json();
    if (!response.ok) throw new Error(said.errors?.[0]?.message ?? said.detail);
    field.value = said.image_url;
    const { pathname, search } = new URL(said.url);
    shown.src = pathname + search;
    shown.hidden = false;
  } catch (error) {
    toast(error.message);
  } finally {
    input.value = "";
    input.removeAttribute("aria-busy");
  }
}

// Whoever writes another address does not see the picture of before.
document.addEventListener("input", ({ target }) => {
  const input = target.id && document.querySelector(`input[data-upload][data-into="#${target.id}"]`);
  if (input) document.querySelector(input.dataset.shown).hidden = true;
});

document.addEventListener("change", ({ target }) => {
  if (target.matches("input[type=file][data-upload]")) upload(target);
  if (target.matches("input[type=file][data-into]")) readFile(target);
});

/** `data-confirm` asks before a form is sent. */
document.addEventListener("submit", (event) => {
  const asks = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (asks && !window.confirm(asks)) event.preventDefault();
}, true);

/** Menus close when something else is pressed, and by Escape. */
document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll("details.dropdown[open]")) if (!menu.contains(target)) menu.open = false;
});
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.dropdown[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// On a small screen the parts stand in a row that scrolls: the current one is in sight.
for (const here of document.querySelectorAll("nav a[aria-current]")) {
  const row = here.closest("ul");
  row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}

localTimes(document);
document.addEventListener("htmx:afterSettle", ({ target }) => localTimes(target.parentElement ?? document));
