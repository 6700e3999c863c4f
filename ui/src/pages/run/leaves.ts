/** Nested values as branches and leaves; those that hold what is typed. */
import type { Json } from "../../api/http";

export interface Branch {
  name: string;
  path: string;
  value: Json;
  /** None of a leaf. */
  parts: Branch[] | null;
}

/** The parts of a value, without what the client keeps for itself. */
export function branches(value: Json, under = ""): Branch[] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [];
  return Object.entries(value)
    .filter(([name]) => under !== "" || name !== "_wandb")
    .map(([name, part]): Branch => {
      const path = under === "" ? name : `${under}.${name}`;
      const isNested =
        part !== null && typeof part === "object" && !Array.isArray(part) && Object.keys(part).length > 0;
      return { name, path, value: part, parts: isNested ? branches(part, path) : null };
    });
}

/** Leaves whose path or value has the text in it, with the branches that lead there. */
export function pruned(all: Branch[], typed: string): Branch[] {
  const wanted = typed.trim().toLowerCase();
  if (wanted === "") return all;
  return all.flatMap((branch) => {
    if (branch.path.toLowerCase().includes(wanted)) return [branch];
    if (branch.parts === null) return JSON.stringify(branch.value).toLowerCase().includes(wanted) ? [branch] : [];
    const parts = pruned(branch.parts, typed);
    return parts.length > 0 ? [{ ...branch, parts }] : [];
  });
}
