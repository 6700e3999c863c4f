/**
 * Lines on top of each other: each begins where the ones before it end.
 *
 * What holds: between its points a line is straight, before the first and after the last it has no part. Of shares of a
 * whole, what is below nothing counts as nothing.
 */

type Values = (number | null)[];

/** A line's values at every `x` from its first to its last point; null elsewhere. `at` are the places of its points. */
export function filled(values: Values, at: number[], x: number[]): Values {
  const column = new Array<number | null>(x.length).fill(null);
  const places: number[] = [];
  values.forEach((value, index) => {
    const place = at[index];
    if (place === undefined || value === null) return;
    if (column[place] === null) places.push(place);
    column[place] = value;
  });
  places.sort((a, b) => a - b);
  places.slice(1).forEach((to, index) => {
    const from = places[index] ?? to;
    const [low, high] = [column[from] ?? 0, column[to] ?? 0];
    const [begin, end] = [x[from] ?? 0, x[to] ?? 1];
    for (let place = from + 1; place < to; place++) {
      column[place] = low + ((high - low) * ((x[place] ?? begin) - begin)) / (end - begin);
    }
  });
  return column;
}

export interface Layer {
  base: Values;
  top: Values;
}

/** The layers of columns, the first one at the bottom; as percent where they are shares of what there is at each x. */
export function stacked(columns: Values[], isPercent: boolean): Layer[] {
  const length = columns[0]?.length ?? 0;
  const sizes = isPercent ? columns.map((column) => column.map(nothingBelow)) : columns;
  const wholes = Array.from({ length }, (_, at) => sizes.reduce((sum, column) => sum + (column[at] ?? 0), 0));
  const below = new Array<number>(length).fill(0);
  return sizes.map((column) => {
    const layer: Layer = { base: [], top: [] };
    column.forEach((value, at) => {
      const start = below[at] ?? 0;
      const whole = wholes[at] ?? 0;
      const size = value === null || !isPercent ? value : whole > 0 ? (value / whole) * 100 : null;
      below[at] = start + (size ?? 0);
      layer.base.push(size === null ? null : start);
      layer.top.push(size === null ? null : start + size);
    });
    return layer;
  });
}

const nothingBelow = (value: number | null) => (value === null ? null : Math.max(0, value));
