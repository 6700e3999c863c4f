/** Metrics in sections: by the text before the first `/`, those of the machine by what they measure. */

export interface Section {
  name: string;
  keys: string[];
}

function sectioned(keys: string[], nameOf: (key: string) => string): Section[] {
  const sections = new Map<string, string[]>();
  for (const key of keys) {
    const name = nameOf(key);
    const known = sections.get(name);
    if (known === undefined) sections.set(name, [key]);
    else known.push(key);
  }
  return [...sections].map(([name, of]) => ({ name, keys: of.sort(byName) }));
}

const byName = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true });

/** Sections by prefix; keys without one come first. */
export function sectionsOf(keys: string[]): Section[] {
  const prefix = (key: string) => (key.includes("/") ? (key.split("/")[0] ?? "") : "");
  return sectioned(keys, prefix)
    .sort((a, b) => byName(a.name, b.name))
    .map((section) => (section.name === "" ? { ...section, name: "Charts" } : section));
}

const MACHINE: [RegExp, string][] = [
  [/^(gpu|tpu|trn)\b/, "GPU"],
  [/^cpu\b/, "CPU"],
  [/^(proc\.)?memory/, "Memory"],
  [/^disk\b/, "Disk"],
  [/^network\b/, "Network"],
  [/^proc\b/, "Process"],
];

/** Metrics of the machine, in the order in which people look for them. */
export function machineSections(keys: string[]): Section[] {
  const nameOf = (key: string) =>
    MACHINE.find(([pattern]) => pattern.test(key.replace(/^system\./, "")))?.[1] ?? "Other";
  const order = [...MACHINE.map(([, name]) => name), "Other"];
  return sectioned(keys, nameOf).sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

/** Keys that fit what is typed: a part of the name, or a regular expression where it is one. */
export function keysFound(keys: string[], typed: string): string[] {
  const fits = textFits(typed);
  return keys.filter((key) => fits(key));
}

/** Whether a text fits what is typed, in any case: as a regular expression, else as a part of it. */
export function textFits(typed: string): (text: string) => boolean {
  const wanted = typed.trim();
  try {
    const pattern = new RegExp(wanted, "i");
    return (text) => pattern.test(text);
  } catch {
    return (text) => text.toLowerCase().includes(wanted.toLowerCase());
  }
}
