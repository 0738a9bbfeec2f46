const hidden = "***";

/** Names of fields whose values never stand in a log, whoever passes them. */
const secretName = /passw|secret|token|authorization|cookie|credential|apikey|api[-_]key/i;

/** A last line of defence: callers don't log secrets, and where one does, it shows as `***`. */
export function redact(name: string, value: string): string {
  return secretName.test(name) ? hidden : redactText(value);
}

export function redactText(text: string): string {
  return text.includes("://") ? text.split(/(\s)/).map(redactWord).join("") : text;
}

/**
 * `scheme://user:password@`, up to the last `@` of the word. A stranger's text may come this way,
 * so each character is looked at once or twice, whatever it is.
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
