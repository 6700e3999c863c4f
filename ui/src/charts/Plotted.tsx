/** A drawing by Observable Plot, as wide as there is room. */
import * as Plot from "@observablehq/plot";
import { useEffect, useEffectEvent, useRef } from "react";
import { useTheme } from "../components/theme";
import "./charts.css";

interface PlottedProps {
  label: string;
  height: number;
  /** What is drawn; a new value draws anew. */
  options: (width: number) => Plot.PlotOptions;
  /** Something that is drawn was clicked. */
  onPick?: (datum: unknown) => void;
}

export function Plotted({ label, height, options, onPick }: PlottedProps) {
  const place = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const pick = useEffectEvent((datum: unknown) => onPick?.(datum));
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const draw = () => {
      const width = Math.max(160, element.clientWidth);
      const plot = Plot.plot({ className: "plotted", width, height, ...options(width) });
      // Its own style sheet is refused by the page's policy; charts.css says the same.
      for (const style of plot.querySelectorAll("style")) style.remove();
      // What it shows is told by the label of the whole.
      plot.setAttribute("aria-hidden", "true");
      plot.addEventListener("click", () => {
        const datum: unknown = plot.value;
        if (datum !== null && datum !== undefined) pick(datum);
      });
      element.replaceChildren(plot);
    };
    const resized = new ResizeObserver(draw);
    resized.observe(element);
    return () => resized.disconnect();
  }, [options, height, theme]);
  return <div ref={place} className="plotted-place" role="img" aria-label={label} style={{ height }} />;
}
