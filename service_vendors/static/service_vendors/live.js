// Live pages: quiet while nobody looks, and Ctrl+Enter sends. They work without it.
(() => {
  "use strict";

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.hasAttribute("data-live")) event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    if (!field.hasAttribute?.("data-submit-on-ctrl-enter")) return;
    event.preventDefault();
    field.form.requestSubmit();
  });
})();
