const hidden = "***";

/** Names of fields whose values never stand in a log, whoever passes them. */
const secretName = /passw|secret|token|authorization|cookie|credential|apikey|api[-_]key/i;

/** `scheme://user:password@host`. Bounded, because a stranger's text may come this way. */
const urlPassword = /(:\/\/[^\s/:@]{0,256}):\S{0,512}@/g;

/** A last line of defence: callers don't log secrets, and where one does, it shows as `***`. */
export function redact(name: string, value: string): string {
  return secretName.test(name) ? hidden : redactText(value);
}

export function redactText(text: string): string {
  return text.includes("://") ? text.replace(urlPassword, `$1:${hidden}@`) : text;
}
