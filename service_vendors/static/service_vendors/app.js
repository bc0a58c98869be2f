// Small comforts. Every page works without them.
(() => {
  "use strict";

  // -- times: how long ago, with the exact one in the viewer's zone on hover ---------------------

  const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

  const ago = (then) => {
    const seconds = (Date.now() - then) / 1000;
    const unit = UNITS.find(([, size]) => seconds >= size);
    return unit ? relative.format(-Math.floor(seconds / unit[1]), unit[0]) : "just now";
  };

  const showTimes = (root) => {
    for (const element of root.querySelectorAll("time[datetime]")) {
      const then = new Date(element.dateTime);
      if (Number.isNaN(then.getTime())) continue;
      element.title = exact.format(then);
      let text = element.textContent;
      if (element.hasAttribute("data-ago")) text = ago(then);
      if (element.hasAttribute("data-exact")) text = clock.format(then);
      if (element.textContent !== text) element.textContent = text;
    }
  };

  // -- copying -------------------------------------------------------------------------------------

  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false; // no permission, or the page did not come over https
    }
  };

  const copyFrom = async (button) => {
    const source = document.getElementById(button.dataset.copy);
    const text = source.value ?? source.textContent.trim();
    const done = await copied(text);
    if (!done) {
      source.focus();
      source.select?.();
    }
    const label = button.querySelector("[data-copy-label]") ?? button;
    const before = button.dataset.copyTitle ?? (button.dataset.copyTitle = label.textContent);
    label.textContent = done ? "Copied" : "Press Ctrl+C";
    const news = document.getElementById("copy-news");
    if (news) news.textContent = done ? "Copied to the clipboard." : "Selected; press Ctrl+C to copy.";
    window.setTimeout(() => { label.textContent = before; }, 2000);
  };

  // A phone number is shown in national form and copied in the form that programs want.
  document.addEventListener("copy", (event) => {
    const selection = document.getSelection();
    if (!selection || selection.rangeCount === 0) return;
    const node = selection.getRangeAt(0).commonAncestorContainer;
    const number = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest?.("[data-copy-as]");
    if (!number || selection.toString().trim() !== number.textContent.trim()) return;
    event.clipboardData.setData("text/plain", number.dataset.copyAs);
    event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[data-copy]");
    if (button) copyFrom(button);
    // A click elsewhere, or Escape, closes an open menu.
    for (const menu of document.querySelectorAll("details.sv-menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.sv-menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // -- changes that are not saved yet ----------------------------------------------------------------

  const asText = (form) => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const guarded = new Map();

  const isChanged = ([form, before]) => form.isConnected && asText(form) !== before;

  const guard = (root) => {
    for (const form of root.querySelectorAll("form[data-guard]")) {
      if (guarded.has(form)) continue;
      guarded.set(form, form.dataset.guard === "changed" ? "" : asText(form));
      const note = form.querySelector("[data-unsaved]");
      const tell = () => { if (note) note.hidden = !isChanged([form, guarded.get(form)]); };
      form.addEventListener("input", tell);
      form.addEventListener("submit", () => guarded.delete(form));
      tell();
    }
  };

  window.addEventListener("beforeunload", (event) => {
    if ([...guarded].some(isChanged)) event.preventDefault();
  });

  // A page that comes back out of the browser's memory is guarded again.
  window.addEventListener("pageshow", () => guard(document));

  // -- beginning, and whatever htmx brings in --------------------------------------------------------

  const enliven = (root) => {
    showTimes(root);
    guard(root);
    for (const button of root.querySelectorAll("[data-needs-script]")) button.hidden = false;
    root.querySelector("[data-focus]")?.focus();
  };

  document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt !== document.body) enliven(event.detail.elt.parentElement ?? document);
  });

  enliven(document);
  window.setInterval(() => showTimes(document), 30000);
})();
