/** Which fields the editor has for a panel of each kind. */
import type { Kind } from "../../../model/panel";
import { Apart, Chart, Color, Columns, GroupBy, MediaKey, Metrics, Points, TableKey, Target, Value } from "./columns";
import { Aggregated, Axis, Banded, Bins, Legend, Names, Outliers, Ranges, Scales, Smoothing, Written } from "./drawing";
import { XExpression, YExpressions } from "./expressions";
import type { Field } from "./field";
import { Specification } from "./Specification";
import { Drawn, LineLooks } from "./styles";

export const FIELDS: Record<Kind, Field[]> = {
  line: [
    Metrics,
    YExpressions,
    Axis,
    XExpression,
    Drawn,
    Smoothing,
    Scales,
    Ranges,
    Outliers,
    GroupBy,
    Aggregated,
    Banded,
    Names,
    Legend,
    LineLooks,
  ],
  bar: [Value, GroupBy, Apart, Aggregated],
  scatter: [Points, Color, Scales],
  histogram: [Value, Bins],
  scalar: [Value, Aggregated],
  parallel: [Columns, Color],
  importance: [Target],
  compare: [],
  custom: [Chart, Specification],
  media: [MediaKey],
  table: [TableKey],
  markdown: [Written],
};
