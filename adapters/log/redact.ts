const hidden = "***";

/** Names of fields whose values are never logged. */
const secretName = /passw|secret|token|authorization|cookie|credential|apikey|api[-_]key/i;

/** Replaces a secret by `***`. A safety net: callers must not log secrets at all. */
export function redact(name: string, value: string): string {
  return secretName.test(name) ? hidden : redactText(value);
}

export function redactText(text: string): string {
  return text.includes("://") ? text.split(/(\s)/).map(redactWord).join("") : text;
}

/**
 * Hides the password of `scheme://user:password@`, up to the last `@` of the word. Clients can
 * send any text, so the time is linear.
 */
function redactWord(word: string): string {
  const end = word.lastIndexOf("@");
  for (let at = word.indexOf("://"); at >= 0 && at < end; at = word.indexOf("://", at + 1)) {
    let user = at + 3;
    while (user < end && !"/:@".includes(word[user] as string)) user++;
    if (word[user] === ":") return `${word.slice(0, user + 1)}${hidden}${word.slice(end)}`;
  }
  return word;
}
