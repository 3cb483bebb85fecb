// Shows the present state every three seconds. It can be paused (WCAG 2.2.2), keeps what is open open, never moves the
// focus, and stops by itself while nobody looks. Without scripts the page is the same and does not refresh.
(() => {
  const live = document.getElementById("live");
  const pause = document.getElementById("pause");
  if (!live) return;
  let paused = sessionStorage.getItem("paused") === "yes";

  const show = () => {
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Resume updates" : "Pause updates";
  };
  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    sessionStorage.setItem("paused", paused ? "yes" : "no");
    show();
  });
  show();

  const replace = (id, next) => {
    const old = document.getElementById(id);
    const fresh = next.getElementById(id);
    if (!old || !fresh || old.innerHTML === fresh.innerHTML) return;
    const open = [...old.querySelectorAll("details[open]")].map((details) => details.id);
    for (const details of fresh.querySelectorAll("details")) details.open = open.includes(details.id);
    old.replaceChildren(...fresh.childNodes);
    old.className = fresh.className;
  };

  const refresh = async () => {
    const inside = live.contains(document.activeElement) || String(getSelection()).length > 0;
    if (paused || document.hidden || inside) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of ["summary", "live"]) replace(id, next);
      document.querySelector("footer").innerHTML = next.querySelector("footer").innerHTML;
    } catch {
      document.getElementById("summary").textContent = "The console does not answer; trying again.";
    }
  };
  setInterval(refresh, 3000);
})();
