/** Sorting by several keys, as the server reads it: a minus before what comes from the largest down. */

export interface SortKey {
  id: string;
  isDescending: boolean;
}

export function sortKeys(sort: string[]): SortKey[] {
  return sort.map((key) => ({ id: key.replace(/^[-+]/, ""), isDescending: key.startsWith("-") }));
}

/** Sorts by one key alone, or adds it behind those that there are. */
export function sortedBy(sort: string[], id: string, isDescending: boolean, isAdded: boolean): string[] {
  const key = `${isDescending ? "-" : ""}${id}`;
  return isAdded ? [...sort.filter((other) => other.replace(/^[-+]/, "") !== id), key] : [key];
}

export function withoutSort(sort: string[], id: string): string[] {
  return sort.filter((key) => key.replace(/^[-+]/, "") !== id);
}
