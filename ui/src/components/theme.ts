/** Dark and light: as the system says, until somebody chooses. */
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

/** What can be chosen, with what it is called. */
export const THEMES: [Theme, string][] = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

const STORED = "wbq.theme";
const listeners = new Set<() => void>();
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

export function theme(): Theme {
  const stored = localStorage.getItem(STORED);
  return stored === "light" || stored === "dark" ? stored : "system";
}

function shown(): "light" | "dark" {
  const chosen = theme();
  return chosen === "system" ? (prefersDark.matches ? "dark" : "light") : chosen;
}

export function setTheme(chosen: Theme): void {
  if (chosen === "system") localStorage.removeItem(STORED);
  else localStorage.setItem(STORED, chosen);
  apply();
}

/** What the page is drawn in. The system's wish may be another for a moment, until `apply` hears of it. */
let applied = shown();

function apply(): void {
  applied = shown();
  document.documentElement.dataset.theme = applied;
  for (const listener of listeners) listener();
}

export function startTheme(): void {
  prefersDark.addEventListener("change", apply);
  apply();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The theme that is shown; drawings that take colours from it are made anew when it changes. */
export function useTheme(): "light" | "dark" {
  return useSyncExternalStore(subscribe, () => applied);
}

export function useThemeChoice(): Theme {
  return useSyncExternalStore(subscribe, theme);
}
