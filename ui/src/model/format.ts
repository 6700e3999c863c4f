/** Numbers, sizes, spans and moments as people read them. */

const FULL = new Intl.NumberFormat("en-US", { maximumFractionDigits: 20 });

/** Five significant digits; integers whole; the very small and large with an exponent. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return signed(FULL.format(Math.abs(value)), value);
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) return signed(shortExponent(size), value);
  return signed(FULL.format(Number(size.toPrecision(5))), value);
}

function shortExponent(size: number): string {
  const [digits = "", exponent = ""] = size.toExponential(3).split("e");
  return `${digits.replace(/\.?0+$/, "")}e${exponent.replace("+", "")}`;
}

function signed(digits: string, value: number): string {
  return value < 0 ? `−${digits}` : digits;
}

/** Seconds as two units at most. */
export function formatSpan(seconds: number): string {
  if (seconds < 0) return `−${formatSpan(-seconds)}`;
  if (seconds < 1) return seconds === 0 ? "0s" : `${Math.max(1, Math.round(seconds * 1000))}ms`;
  if (seconds < 10) return `${Number(seconds.toFixed(1))}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const units: [string, number][] = [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
    ["s", 1],
  ];
  const at = units.findIndex(([, length]) => whole >= length);
  const [large, small] = [units[at], units[at + 1]];
  if (large === undefined || small === undefined) return `${whole}s`;
  const rest = Math.floor((whole % large[1]) / small[1]);
  const head = `${Math.floor(whole / large[1])}${large[0]}`;
  return rest === 0 ? head : `${head} ${rest}${small[0]}`;
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit] ?? "B"}`;
}

/** How long ago a moment was. */
export function formatAgo(moment: string, now: number): string {
  const seconds = (now - Date.parse(moment)) / 1000;
  if (Number.isNaN(seconds)) return moment;
  if (seconds < 0) return "in the future";
  if (seconds < 10) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86_400);
  return days < 60 ? `${days} ${days === 1 ? "day" : "days"} ago` : (moment.split("T")[0] ?? moment);
}

/** The moment itself, in the reader's zone. */
export function formatMoment(moment: string): string {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return moment;
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" }).format(date);
}

/** One form for one, another for any other number. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${FULL.format(count)} ${count === 1 ? one : many}`;
}
