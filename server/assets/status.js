// Keeps a status page fresh, says when it grew old, and adds the reader's own time zone. The page is complete without it.
(() => {
  "use strict";
  const EVERY = 5000;
  // a page that was not checked for longer may be wrong
  const OLD = 120_000;
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
  // how far the reader's clock is behind that of whoever sent the page
  let behind = 0;
  const compare = (answer) => {
    const sent = Date.parse(answer.headers.get("date"));
    if (Number.isNaN(sent)) return;
    behind = sent + (Number(answer.headers.get("age")) || 0) * 1000 - Date.now();
  };
  // what is old is not known: its sentence stands before the headline, and the headline loses its colour
  const grownOld = () => {
    const kept = document.getElementById("old");
    return kept && Date.now() + behind - Date.parse(kept.dataset.checked) >= OLD ? kept : null;
  };
  const age = () => {
    const kept = grownOld();
    if (!kept) return;
    const old = kept.content.cloneNode(true);
    localize(old);
    document.getElementById("said").textContent = old.textContent;
    const verdict = kept.nextElementSibling;
    verdict.dataset.state = "pending";
    verdict.querySelector("svg use").setAttribute("href", "#i-pending");
    kept.replaceWith(old);
    document.title = `Not known: ${document.title.replace(/^[^:]*: /, "")}`;
  };
  localize(document);
  let etag = null;
  const refresh = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.pathname, { headers: etag ? { "if-none-match": etag } : {}, cache: "no-store" });
      compare(answer);
      if (answer.status !== 200) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main");
      const shown = document.querySelector("main");
      // a page of somebody else, such as the one to sign in to a network, is none of ours
      if (!fresh?.querySelector("#now")) return;
      if (shown.contains(document.activeElement) || shown.querySelector("#address")?.value) return;
      localize(fresh);
      const open = shown.querySelector("details")?.open;
      if (open && fresh.querySelector("details")) fresh.querySelector("details").open = true;
      const said = fresh.querySelector("h1").textContent;
      if (said !== shown.querySelector("h1").textContent) document.getElementById("said").textContent = said;
      shown.replaceWith(fresh);
      etag = answer.headers.get("etag");
      document.title = page.title;
    } catch {
      // no connection: what is shown says as of when it is true
    } finally {
      age();
    }
  };
  if (location.protocol.startsWith("http")) {
    setInterval(refresh, EVERY);
    if (grownOld()) refresh();
  } else {
    age();
    setInterval(age, EVERY);
  }
})();
