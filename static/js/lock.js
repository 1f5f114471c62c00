// The lock as an open page sees it. It is told before it strikes. When it strikes the page leaves for the
// locked page; where a form holds what was not sent, the page stays instead, wholly hidden under a cover that
// asks for the password: what was typed never leaves this tab. Other tabs of this browser follow, by messages
// that carry times and nothing else.
//
// The clocks here are guesses, other tabs and requests move them: before anything is done the server is asked.
// To ask is no act: else nothing would ever lock.
const MINUTE = 60_000;
const TOLD_BEFORE = 2 * MINUTE; // the idle clock: one can stay
const TOLD_BEFORE_THE_END = 10 * MINUTE; // the other one: time to finish

const place = document.getElementById("lock");

if (place) {
  const soon = document.getElementById("lock-soon");
  const end = document.getElementById("lock-end");
  const template = document.getElementById("lock-cover");
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("mailhelper-lock") : null;
  const clocks = { idle: 0, ends: 0 };
  let askedAt = 0;
  let asking = null;
  let under = null; // what lies under the cover while it is shown

  const wind = ({ idle, ends }) => {
    clocks.idle = Date.now() + Number(idle) * 1000;
    clocks.ends = Date.now() + Number(ends) * 1000;
  };

  const tell = (message) => tabs?.postMessage(message);

  // --- what was typed and not sent ---

  const changed = (field) => {
    if (field.matches("[type=hidden], button, [type=submit], fieldset, output")) return false;
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    if (!field.matches("select")) return field.value !== field.defaultValue;
    const options = [...field.options];
    const given = options.some((option) => option.defaultSelected);
    return given ? options.some((option) => option.selected !== option.defaultSelected) : field.selectedIndex > 0;
  };

  const unsaved = () =>
    "unsaved" in document.body.dataset
    || [...document.querySelectorAll("main form")].some(
      (form) => form.method === "post" && [...form.elements].some(changed),
    );

  // --- the cover ---

  const leave = () => {
    const here = encodeURIComponent(window.location.pathname + window.location.search);
    window.location.replace(`${place.dataset.locked}?next=${here}`);
  };

  const cover = () => {
    const dialogs = [...document.querySelectorAll("dialog:modal")];
    under = { title: document.title, focus: document.activeElement, dialogs, parts: [] };
    for (const dialog of dialogs) dialog.close();
    under.parts = [...document.body.children].filter((part) => !part.hidden);
    for (const part of under.parts) part.hidden = part.inert = true;
    document.title = template.dataset.title;
    document.body.append(template.content.cloneNode(true));
    const form = document.querySelector(".cover form");
    form.addEventListener("submit", unlock);
    form.elements.password.focus();
  };

  const uncover = () => {
    if (!under) return;
    document.querySelector(".cover").remove();
    for (const part of under.parts) part.hidden = part.inert = false;
    for (const dialog of under.dialogs) dialog.showModal();
    document.title = under.title;
    under.focus?.focus?.();
    under = null;
  };

  const trouble = (text) => {
    const notice = document.querySelector(".cover .notice");
    if (!notice) return;
    notice.hidden = !text;
    notice.firstElementChild.textContent = text;
  };

  const shut = (text = "") => {
    if (!under && !unsaved()) {
      leave();
      return;
    }
    if (!under) cover();
    trouble(text);
  };

  const ended = () => {
    shut(template.dataset.ended);
    const link = document.querySelector(".cover a[hidden]");
    if (link) link.hidden = false;
  };

  // --- the server's word ---

  // What it says, { state } or { page, status }; {} where it does not answer.
  const ask = async (url, body = null) => {
    try {
      const answer = await fetch(url, { method: body ? "POST" : "GET", body, cache: "no-store" });
      const speaks = answer.headers.get("Content-Type") ?? "";
      if (speaks.startsWith("application/json")) return { state: await answer.json() };
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      return { page, status: answer.status };
    } catch {
      return {};
    }
  };

  const settle = (state) => {
    if (String(state.reader) !== place.dataset.reader) {
      window.location.replace("/"); // somebody else: nothing of this page is theirs
      return;
    }
    for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = state.token;
    if (!state.open) {
      shut();
      return;
    }
    wind(state);
    end.querySelector("[data-ends-at]").textContent = state.ends_at;
    uncover();
    show();
  };

  const check = () => {
    asking ??= ask(place.dataset.state)
      .then(({ state, page, status }) => {
        askedAt = Date.now();
        if (state) settle(state);
        else if (page && status === 200) ended();
        else if (under || Date.now() >= clocks.idle) shut(template.dataset.offline);
      })
      .finally(() => { asking = null; });
    return asking;
  };

  const unlock = async (event) => {
    event.preventDefault();
    const fields = event.target.elements;
    const before = await ask(place.dataset.state);
    if (!before.state || before.state.open) {
      await check();
      return;
    }
    const body = new URLSearchParams(new FormData(event.target));
    body.set("csrfmiddlewaretoken", before.state.token);
    const after = await ask(event.target.action, body);
    fields.password.value = "";
    if (after.state) {
      settle(after.state);
      tell({ ...clocks });
      return;
    }
    const words = [".notice[role=alert] p", ".field-error", ".lead"].map((part) => after.page?.querySelector(part));
    trouble(words.find(Boolean)?.textContent ?? template.dataset.offline);
    fields.password.focus();
  };

  // --- before it strikes ---

  const show = () => {
    const now = Date.now();
    const left = clocks.idle - now;
    const minutes = String(Math.max(0, Math.ceil(left / MINUTE)));
    for (const count of document.querySelectorAll("[data-lock-now] [data-minutes], #lock-soon [data-minutes]")) {
      if (count.textContent !== minutes) count.textContent = minutes;
    }
    if (under) return;
    const idle = clocks.idle < clocks.ends && left <= TOLD_BEFORE;
    if (left <= 0 || (idle && now - askedAt > MINUTE)) {
      check();
      return;
    }
    soon.hidden = !idle;
    end.hidden = "dismissed" in end.dataset || clocks.ends - now > TOLD_BEFORE_THE_END;
  };

  soon.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { state } = await ask(soon.action, new URLSearchParams(new FormData(soon)));
    if (!state) {
      await check();
      return;
    }
    settle(state);
    tell({ ...clocks });
  });

  end.querySelector("button").addEventListener("click", () => {
    end.dataset.dismissed = "";
    end.hidden = true;
  });

  // "Lock now" keeps what was typed as well.
  const lockNow = async (form) => {
    await ask(form.action, new URLSearchParams(new FormData(form)));
    tell({ locked: true });
    shut();
    if (under) check();
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (under || form === soon || form.method !== "post") return;
    if (event.submitter?.matches("[data-lock-now]")) {
      if (!unsaved()) return;
      event.preventDefault();
      lockNow(form);
    } else if (Date.now() >= clocks.idle) { // woken up after the lock: what is sent now would be lost
      event.preventDefault();
      check().then(() => under || Date.now() >= clocks.idle || form.requestSubmit(event.submitter));
    }
  }, true);

  // Parts of the page that ask by themselves must not take it away from under the cover.
  document.addEventListener("htmx:beforeRequest", (event) => under && event.preventDefault());
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const target = event.detail.xhr.getResponseHeader("HX-Redirect");
    if (!target || !(under || unsaved())) return;
    event.preventDefault();
    check();
  });

  // Nor may single keys: keyboard.js follows links.
  window.addEventListener("keydown", (event) => under && event.stopPropagation(), true);

  tabs?.addEventListener("message", ({ data }) => {
    if (data.locked || under) {
      check();
      return;
    }
    for (const name of ["idle", "ends"]) clocks[name] = Math.max(clocks[name], data[name]);
    show();
  });

  wind(place.dataset);
  askedAt = Date.now();
  tell({ ...clocks });
  show();
  document.addEventListener("visibilitychange", () => document.hidden || show());
  window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
  setInterval(show, 5000);
}
