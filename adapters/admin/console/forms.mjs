import { act } from "./api.mjs";
import { el, setText } from "./dom.mjs";

/** A field with its label. */
export function field(label, input) {
  return el("label", { class: "field" }, el("span", {}, label), input);
}

/**
 * A form whose answer is told beside its button. `send` returns the text of the answer. Without
 * the right to act it is disabled, and says so.
 */
export function actionForm(title, fields, { button, mayAct, send, danger = false }) {
  const told = el("output", { class: "quiet" }, mayAct ? "" : "you may read, but not act");
  const submit = el("button", { class: danger ? "danger" : "", disabled: !mayAct }, button);
  const form = el("form", { class: "card" }, el("h3", {}, title), ...fields);
  form.append(el("div", { class: "row" }, submit, told));
  for (const input of form.elements) input.disabled = !mayAct;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    setText(told, "…");
    try {
      setText(told, await send());
      told.className = "good";
    } catch (error) {
      setText(told, error.message);
      told.className = "bad";
    }
    submit.disabled = !mayAct;
  });
  return form;
}

/** A message as text or as base64, and the choice of both. */
export function messageFields() {
  const text = el("textarea", { rows: "3", name: "message", required: true });
  const kind = el("select", { name: "kind" });
  kind.append(
    el("option", { value: "text" }, "text"),
    el("option", { value: "binary" }, "base64"),
  );
  const fields = [field("Message", text), field("Sent as", kind)];
  return { fields, data: () => ({ [kind.value]: text.value }) };
}

export function sendForm(id, mayAct) {
  const { fields, data } = messageFields();
  const send = async () => {
    const { outcome } = await act(`connections/${id}/send`, data());
    return outcome;
  };
  return actionForm("Send a message", fields, { button: "Send", mayAct, send });
}

export function closeForm(id, mayAct) {
  const code = el("input", {
    type: "number",
    name: "code",
    value: "1000",
    min: "1000",
    max: "4999",
  });
  const reason = el("input", { name: "reason", maxlength: "123" });
  const fields = [field("Code", code), field("Reason", reason)];
  const send = async () => {
    const body = { code: Number(code.value), reason: reason.value };
    return (await act(`connections/${id}/close`, body)).outcome;
  };
  return actionForm("Close the connection", fields, {
    button: "Close",
    mayAct,
    send,
    danger: true,
  });
}
