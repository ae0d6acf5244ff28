// Passkeys on the pages of the console. A form with `data-passkey` (create, or get) asks the browser for a
// credential when it is sent, puts it into its field `credential`, and goes on. Its options stand in
// `data-options`, or are fetched from `data-options-url`.
"use strict";

const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const described = (each) => ({ ...each, id: toBytes(each.id) });

async function optionsOf(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(form.dataset.optionsUrl, { method: "POST", headers, body: "{}" });
  if (!answer.ok) throw new Error((await answer.json()).title);
  return (await answer.json()).public_key;
}

async function create(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: options.excludeCredentials.map(described),
    },
  });
  return asJson(made, {
    attestationObject: toText(made.response.attestationObject),
    transports: made.response.getTransports(),
  });
}

async function get(options) {
  const given = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: options.allowCredentials.map(described),
    },
  });
  const { authenticatorData, signature, userHandle } = given.response;
  return asJson(given, {
    authenticatorData: toText(authenticatorData),
    signature: toText(signature),
    userHandle: userHandle ? toText(userHandle) : null,
  });
}

const asJson = (credential, response) => ({
  id: credential.id,
  rawId: toText(credential.rawId),
  type: credential.type,
  response: { clientDataJSON: toText(credential.response.clientDataJSON), ...response },
});

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue; // it stays hidden: this browser has no passkeys
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = form.querySelector("[role=alert]");
    said.textContent = "";
    try {
      const options = await optionsOf(form);
      const credential = await (form.dataset.passkey === "create" ? create : get)(options);
      form.elements.credential.value = JSON.stringify(credential);
      form.submit();
    } catch (error) {
      said.textContent = error.name === "NotAllowedError" ? form.dataset.cancelled : error.message;
    }
  });
}
