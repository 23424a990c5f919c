// The box to try a text, and refreshing what the page shows. Everything else works without this.
"use strict";

for (const element of document.querySelectorAll(".script")) element.hidden = false;

const answer = document.getElementById("answer");

document.getElementById("try")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = document.getElementById("text").value;
  answer.className = "";
  answer.textContent = "Asking…";
  try {
    const response = await fetch(document.getElementById("api").value, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: { headline: asked } }),
    });
    const text = await response.text();
    if (response.ok) show(JSON.parse(text));
    else complain(`HTTP ${response.status}: ${text}`);
  } catch (error) {
    complain(`There was no answer: ${error.message}`);
  }
});

function complain(text) {
  answer.className = "bad";
  answer.textContent = text;
}

function show(result) {
  answer.replaceChildren();
  const label = document.createElement("strong");
  label.textContent = result.predicted_label ?? "?";
  answer.append(label);
  const scores = Object.entries(result.scores ?? {}).sort((one, other) => other[1] - one[1]);
  if (scores.length === 0) return;
  const list = document.createElement("ul");
  for (const [name, score] of scores) {
    const item = document.createElement("li");
    const meter = document.createElement("meter");
    meter.value = score;
    meter.setAttribute("aria-label", name);
    item.append(meter, ` ${(100 * score).toFixed(1)} % ${name}`);
    list.append(item);
  }
  answer.append(list);
}

// What somebody reads by keyboard, or has marked, is not taken away from under them.
function isRead(live) {
  return live.contains(document.activeElement) || String(document.getSelection()) !== "";
}

async function refresh() {
  const live = document.getElementById("live");
  if (document.hidden || !document.getElementById("refresh").checked || isRead(live)) return;
  let next;
  try {
    const response = await fetch(location.href, { cache: "no-store" });
    next = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return; // The engine is gone, or is being restarted; the next refresh tells.
  }
  const hadApi = document.getElementById("api") !== null;
  if (hadApi !== (next.getElementById("api") !== null)) {
    location.reload();
    return;
  }
  const open = new Set([...live.querySelectorAll("details[open]")].map((each) => each.dataset.key));
  const scrolled = live.querySelector(".logs .scroll")?.scrollTop ?? 0;
  live.replaceChildren(...next.getElementById("live").childNodes);
  for (const each of live.querySelectorAll("details")) each.open = open.has(each.dataset.key);
  const logs = live.querySelector(".logs .scroll");
  if (logs) logs.scrollTop = scrolled;
}

setInterval(refresh, 3000);
