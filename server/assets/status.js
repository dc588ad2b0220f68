// Keeps a status page fresh and adds the reader's own time zone. The page is complete without it.
(() => {
  "use strict";
  const EVERY = 5000;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const localize = (root) => {
    for (const time of root.querySelectorAll("time[data-zone]")) {
      if (!zone || zone === time.dataset.zone) continue;
      const at = new Date(time.dateTime);
      const own = new Intl.DateTimeFormat(document.documentElement.lang, {
        day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: zone, timeZoneName: "short",
      }).format(at);
      const span = document.createElement("span");
      span.className = "own-zone";
      span.textContent = ` (${own} for you)`;
      time.append(span);
    }
  };
  localize(document);
  let etag = null;
  const refresh = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.pathname, { headers: etag ? { "if-none-match": etag } : {}, cache: "no-store" });
      if (answer.status !== 200) return;
      etag = answer.headers.get("etag");
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main");
      const shown = document.querySelector("main");
      if (!fresh || shown.contains(document.activeElement) || shown.querySelector("#address")?.value) return;
      localize(fresh);
      const open = shown.querySelector("details")?.open;
      if (open && fresh.querySelector("details")) fresh.querySelector("details").open = true;
      const said = fresh.querySelector("h1").textContent;
      if (said !== shown.querySelector("h1").textContent) document.getElementById("said").textContent = said;
      shown.replaceWith(fresh);
      document.title = page.title;
    } catch {
      // no connection: what is shown says when it was checked
    }
  };
  if (location.protocol.startsWith("http")) setInterval(refresh, EVERY);
})();
