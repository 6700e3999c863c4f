/** What runs of a workspace logged besides numbers: the keys of their custom charts, media and tables. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runsCharts } from "../../api/customCharts";
import { loggedKeys } from "../../api/logged";
import type { Key } from "../../api/runs";
import type { Listed } from "./selection";

export interface Logged {
  charts: string[];
  media: string[];
  /** Tables that no chart draws. */
  tables: string[];
}

/** Nothing is asked where no run has what is neither number nor text. */
export function useLogged(project: string, keys: Key[] | undefined, runs: Listed[], at: string | undefined): Logged {
  const ids = runs.map(({ id }) => id);
  const keysText = JSON.stringify(
    (keys ?? [])
      .filter(
        ({ space, type, key }) => space === "summary" && (type === "json" || type === "mixed") && !key.startsWith("_"),
      )
      .map(({ key }) => key),
  );
  const json = useMemo(() => JSON.parse(keysText) as string[], [keysText]);
  const found = useQuery(loggedKeys(project, ids, json, at));
  const charts = useQuery({
    ...runsCharts(project, ids),
    enabled: ids.length > 0 && (found.data?.tables.length ?? 0) > 0,
    placeholderData: keepPreviousData,
  });
  return useMemo(() => {
    const all = [...(charts.data?.values() ?? [])].flat();
    const drawn = new Set(all.map(({ table }) => table));
    return {
      charts: [...new Set(all.map(({ key }) => key))].sort(),
      media: found.data?.media ?? [],
      // Until it is known which of them a chart draws, none stands by itself.
      tables: charts.data === undefined ? [] : (found.data?.tables.filter((key) => !drawn.has(key)) ?? []),
    };
  }, [found.data, charts.data]);
}
