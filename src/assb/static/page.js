"use strict";

const sections = [...document.querySelectorAll("section")];
const tabs = [...document.querySelectorAll("[role=tab]")];

// The first section, unless the address names another.
function openTab() {
  const wanted = location.hash.slice(1);
  const name = sections.some(section => section.id === wanted) ? wanted : sections[0].id;
  for (const section of sections) section.hidden = section.id !== name;
  for (const tab of tabs) tab.setAttribute("aria-selected", tab.getAttribute("aria-controls") === name);
}

for (const tab of tabs)
  tab.addEventListener("click", () => { location.hash = tab.getAttribute("aria-controls"); });
window.addEventListener("hashchange", openTab);
openTab();

// The answer of a section: what goes on, what went wrong, what came out.
function show(section, { status = "", share = null, error = "", result = null }) {
  const [note, problem, found] = [".status", ".error", ".result"].map(one => section.querySelector(one));
  note.hidden = !status;
  note.textContent = status;
  if (status) {
    const bar = document.createElement("progress");
    if (share !== null) bar.value = share;
    note.append(bar);
  }
  problem.hidden = !error;
  problem.textContent = error;
  found.classList.toggle("stale", Boolean(status || error));
  // The server escapes what comes of users' files.
  if (result !== null) found.innerHTML = result;
}

async function problem(answer) {
  const told = await answer.json().catch(() => null);
  return told?.error ?? `The server answers ${answer.status} ${answer.statusText}.`;
}

async function predict(section, answer) {
  show(section, answer.ok ? { result: await answer.text() } : { error: await problem(answer) });
}

async function simulate(section, answer) {
  if (!answer.ok) return show(section, { error: await problem(answer) });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "", last = {};
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (text + part.value).split("\n");
    text = lines.pop();
    for (const line of lines) {
      last = JSON.parse(line);
      if (!("frame" in last)) show(section, last);
      else if (last.frame < last.of) {
        const told = last.text ?? `Compressing: the wall is at ${last.wall_um.toFixed(1)} µm.`;
        show(section, { status: told, share: last.frame / last.of });
      }
      else show(section, { status: "At rest. Reading its image, drawing." });
    }
  }
  if (!("result" in last || "error" in last)) throw new Error("it broke off");
}

async function send(section, form) {
  const image = section.id === "image";
  const file = image ? form.elements.image.files[0] : null;
  const most = Number(document.body.dataset.mostBytes);
  if (image && !file) return show(section, { error: "Choose an image first." });
  if (file?.size > most) return show(section, { error: `The file has more than ${Math.floor(most / 1e6)} MB.` });
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  show(section, { status: image ? "Parting the phases and predicting." : "Filling the box." });
  try {
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new FormData(form) });
    await (image ? predict : simulate)(section, answer);
  } catch (error) {
    show(section, { error: `No whole answer from the server: ${error.message}.` });
  } finally {
    button.disabled = false;
  }
}

for (const section of sections) {
  const form = section.querySelector("form");
  form.addEventListener("submit", event => { event.preventDefault(); send(section, form); });
}

for (const slider of document.querySelectorAll("[type=range]"))
  slider.addEventListener("input", () => { slider.parentElement.querySelector("output").value = slider.value; });

const drop = document.querySelector(".drop"), chooser = drop.querySelector("input");
const about = drop.querySelector(".chosen");

function choose(files) {
  chooser.files = files;
  chooser.dispatchEvent(new Event("change"));
}

chooser.addEventListener("change", () => {
  if (chooser.files.length) about.textContent = chooser.files[0].name;
});
// A file dropped beside the field must not replace the page.
for (const name of ["dragover", "drop"]) window.addEventListener(name, event => event.preventDefault());
drop.addEventListener("dragover", () => drop.classList.add("over"));
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
drop.addEventListener("drop", event => choose(event.dataTransfer.files));

document.querySelector("#example").addEventListener("click", async () => {
  const answer = await fetch("/example.png");
  if (!answer.ok) return show(sections[0], { error: await problem(answer) });
  const content = await answer.blob();
  const taken = new DataTransfer();
  taken.items.add(new File([content], "electrode.png", { type: "image/png" }));
  choose(taken.files);
});
