// Choosing a campaign or a file marks the choice it belongs to. The page works without it.
(() => {
  "use strict";

  document.addEventListener("change", (event) => {
    const mark = document.getElementById(event.target.dataset?.marks ?? "");
    if (mark && event.target.value) mark.checked = true;
  });
})();
