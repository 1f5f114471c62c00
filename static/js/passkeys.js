// Passkeys: asks the browser for one, and sends what it made in the form that this script was given. Without
// the script its button stays hidden, and the code's form works.
const form = document.querySelector("form[data-passkey]");

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const written = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const listed = (credentials = []) => credentials.map((one) => ({ ...one, id: bytes(one.id) }));

const make = (options) =>
  navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: listed(options.excludeCredentials),
    },
  });

const use = (options) =>
  navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: listed(options.allowCredentials),
    },
  });

const sent = ({ id, rawId, type, response }) => {
  const answer = { clientDataJSON: written(response.clientDataJSON) };
  if (response.attestationObject) {
    answer.attestationObject = written(response.attestationObject);
    answer.transports = response.getTransports?.() ?? [];
  } else {
    answer.authenticatorData = written(response.authenticatorData);
    answer.signature = written(response.signature);
  }
  return JSON.stringify({ id, rawId: written(rawId), type, response: answer });
};

if (form) {
  const button = form.querySelector("[data-passkey-button]");
  const show = (name) => {
    for (const one of ["cancelled", "known", "missing"]) {
      form.querySelector(`[data-passkey-${one}]`).hidden = one !== name;
    }
  };

  form.querySelector("[data-passkey-unscripted]")?.remove();
  if (window.PublicKeyCredential) {
    button.hidden = false;
  } else if (form.dataset.passkey === "create") {
    show("missing");
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    show("");
    button.disabled = true;
    try {
      const options = JSON.parse(form.dataset.options);
      const credential = await (form.dataset.passkey === "create" ? make(options) : use(options));
      form.elements.credential.value = sent(credential);
      form.submit();
    } catch (error) {
      show(error.name === "InvalidStateError" ? "known" : "cancelled");
      button.disabled = false;
    }
  });
}
