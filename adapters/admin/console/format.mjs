const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const small = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export function count(value) {
  return Math.abs(value) < 10 ? small.format(value) : number.format(value);
}

/** `1.2 MiB`. */
export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let left = value;
  while (left >= 1024 && unit < units.length - 1) {
    left /= 1024;
    unit++;
  }
  return `${count(left)} ${units[unit]}`;
}

/** `3 d 4 h`, from milliseconds. */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3_600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** `12:34:56.789`. */
export function clock(at) {
  const time = new Date(at);
  const two = (part) => String(part).padStart(2, "0");
  const ms = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}

/** Date and time of a place in the past. */
export function moment(at) {
  return new Date(at).toLocaleString("sv-SE");
}

/** How long ago a moment was; a dash if it is not known. */
export function ago(at) {
  return at === undefined ? "–" : span(Date.now() - at);
}
