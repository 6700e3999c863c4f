/** Colours of lines: apart from each other in light and in dark, and the same for a run as long as the runs are the same. */

const LIGHT = [
  "#0f766e",
  "#c2410c",
  "#4f46e5",
  "#a16207",
  "#be185d",
  "#15803d",
  "#7c3aed",
  "#b91c1c",
  "#0369a1",
  "#57534e",
  "#0891b2",
  "#9333ea",
  "#65a30d",
  "#db2777",
  "#1d4ed8",
  "#b45309",
];
const DARK = [
  "#4fc3b3",
  "#fb923c",
  "#a5b4fc",
  "#facc15",
  "#f472b6",
  "#4ade80",
  "#c4b5fd",
  "#f87171",
  "#7dd3fc",
  "#d6d3d1",
  "#22d3ee",
  "#d8b4fe",
  "#a3e635",
  "#f9a8d4",
  "#93c5fd",
  "#fbbf24",
];

/** The colour of the nth of many. */
export function colorAt(index: number, theme: "light" | "dark"): string {
  const palette = theme === "dark" ? DARK : LIGHT;
  return palette[index % palette.length] ?? "#888888";
}

/** Places in the palette by age: a run that comes later changes no other's colour. */
export function placesOf(idsByAge: string[]): Map<string, number> {
  return new Map(idsByAge.map((id, place) => [id, place]));
}
