// Live pages: quiet while nobody looks, and Ctrl+Enter sends. They work without it.
(() => {
  "use strict";

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, xhr } = event.detail;
    if (!elt.hasAttribute("data-live")) return;
    if (document.hidden) event.preventDefault();
    // The answer for something that was replaced meanwhile is old news: nobody reads it.
    xhr.addEventListener("readystatechange", () => {
      if (!elt.isConnected) xhr.onload = null;
    });
  });

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    if (!field.hasAttribute?.("data-submit-on-ctrl-enter")) return;
    event.preventDefault();
    field.form.requestSubmit();
  });
})();
