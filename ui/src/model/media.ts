/** Media and histograms that a run logged, read from the values that stand for them in its history. */
import type { Json } from "../api/http";
import { member, number, numberOrNull, text, texts } from "../api/read";

export interface MediaFile {
  path: string;
  /** What a page cannot show by itself is a document: it is opened from where it was downloaded to. */
  kind: "image" | "video" | "audio" | "document";
  caption: string;
}

/** What was logged under a key at a step. */
export interface Shown {
  step: number;
  files: MediaFile[];
}

export interface Histogram {
  step: number;
  /** One more than there are counts. */
  edges: number[];
  counts: number[];
}

export interface Media {
  galleries: { key: string; shown: Shown[] }[];
  histograms: { key: string; histograms: Histogram[] }[];
}

export interface LoggedValue {
  key: string;
  step: number;
  value: Json;
}

/** The types that the client gives to one and to several of a sort. */
export const MEDIA_TYPES: Record<string, MediaFile["kind"]> = {
  "image-file": "image",
  "images/separated": "image",
  "video-file": "video",
  videos: "video",
  "audio-file": "audio",
  audio: "audio",
  "html-file": "document",
  html: "document",
  "plotly-file": "document",
  "bokeh-file": "document",
  "molecule-file": "document",
  molecule: "document",
  "object3D-file": "document",
  object3D: "document",
};

/** Members under which several of a sort are listed whole. */
const LISTS = ["audio", "videos", "html", "objects"];

/** By key, each in the order of steps; of several values of a step the last counts. */
export function mediaOf(values: LoggedValue[]): Media {
  const galleries = new Map<string, Map<number, Shown>>();
  const histograms = new Map<string, Map<number, Histogram>>();
  for (const { key, step, value } of values) {
    const files = filesOf(value);
    if (files.length > 0) of(galleries, key).set(step, { step, files });
    const histogram = histogramOf(step, value);
    if (histogram !== null) of(histograms, key).set(step, histogram);
  }
  return {
    galleries: [...galleries].map(([key, steps]) => ({ key, shown: bySteps(steps) })),
    histograms: [...histograms].map(([key, steps]) => ({ key, histograms: bySteps(steps) })),
  };
}

function of<Value>(all: Map<string, Map<number, Value>>, key: string): Map<number, Value> {
  const known = all.get(key) ?? new Map<number, Value>();
  all.set(key, known);
  return known;
}

function bySteps<Value extends { step: number }>(steps: Map<number, Value>): Value[] {
  return [...steps.values()].sort((a, b) => a.step - b.step);
}

/** The files that a value stands for, in their order; none where it stands for no media. */
export function filesOf(value: Json): MediaFile[] {
  const kind = MEDIA_TYPES[text(member(value, "_type"))];
  if (kind === undefined) return [];
  const captions = texts(member(value, "captions"));
  const listed = LISTS.map((name) => member(value, name)).find((list): list is Json[] => Array.isArray(list));
  const several = texts(member(value, "filenames"));
  const told: Json[] = listed ?? (several.length > 0 ? several.map((path) => ({ path })) : [value]);
  return told
    .map((one, at) => ({
      path: text(member(one, "path")),
      kind,
      caption: captions[at] ?? text(member(one, "caption")),
    }))
    .filter(({ path }) => path !== "");
}

function histogramOf(step: number, value: Json): Histogram | null {
  if (member(value, "_type") !== "histogram") return null;
  const numbers = (list: Json | undefined) => (Array.isArray(list) ? list.map((item) => number(item)) : []);
  const counts = numbers(member(value, "values"));
  const packed = member(value, "packedBins");
  const [min, size] = [numberOrNull(member(packed, "min")), numberOrNull(member(packed, "size"))];
  const edges =
    min !== null && size !== null
      ? Array.from({ length: counts.length + 1 }, (_, at) => min + at * size)
      : numbers(member(value, "bins"));
  return counts.length > 0 && edges.length === counts.length + 1 ? { step, edges, counts } : null;
}

/** What a gallery shows at a step: what was logged there, or last before; the first where nothing was yet. */
export function shownAt(shown: Shown[], step: number): Shown | undefined {
  return shown.findLast((one) => one.step <= step) ?? shown[0];
}

/** Steps at which any gallery has something new. */
export function stepsOf({ galleries }: Media): number[] {
  return [...new Set(galleries.flatMap(({ shown }) => shown.map(({ step }) => step)))].sort((a, b) => a - b);
}
