/**
 * A drawing by Vega, of a specification that somebody wrote. It comes with its libraries, when the first such chart is on
 * the screen.
 *
 * What holds: no text of a specification becomes code (its expressions are interpreted), and nothing is asked of anybody:
 * the loader refuses every address. What goes wrong is said where the drawing would be.
 */
import { useEffect, useEffectEvent, useRef, useState } from "react";
import type { Loader, LoggerInterface, TooltipHandler } from "vega";
import type { EmbedOptions } from "vega-embed";
import embed from "vega-embed";
import { useTheme } from "../components/theme";
import type { Spec } from "../model/vegaSpec";
import { completed, isComposed } from "../model/vegaSpec";

interface VegaPlotProps {
  label: string;
  height: number;
  read: { spec: Spec; mode: "vega" | "vega-lite" };
  rows: Spec[];
}

export default function VegaPlot({ label, height, read, rows }: VegaPlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const [told, setTold] = useState<string | null>(null);
  const tell = useEffectEvent(setTold);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let end = () => {};
    let isOver = false;
    const draw = async (width: number) => {
      end();
      tell(null);
      try {
        // Vega changes what it is given.
        const spec = structuredClone(completed(read, rows, [width, height]));
        const drawn = await embed(element, spec, options(read.mode, tell));
        end = () => drawn.finalize();
        if (isOver) end();
      } catch (error) {
        element.replaceChildren();
        tell(error instanceof Error ? error.message : String(error));
      }
    };
    let width = 0;
    const resized = new ResizeObserver(([entry]) => {
      const next = Math.max(160, Math.floor(entry?.contentRect.width ?? 0));
      if (next !== width) void draw((width = next));
    });
    resized.observe(element);
    return () => {
      isOver = true;
      resized.disconnect();
      end();
    };
  }, [read, rows, height, theme]);
  return (
    <>
      {told !== null && (
        <p className="told bad vega-told" role="alert">
          The specification cannot be drawn. {read.mode === "vega" ? "Vega" : "Vega-Lite"} says: {told}
        </p>
      )}
      <div
        className="vega-scroller"
        style={{ height: told === null ? height : 0 }}
        {...(isComposed(read.spec) ? { tabIndex: 0, role: "region", "aria-label": `Drawings of ${label}` } : {})}
      >
        <div role="img" aria-label={label}>
          {/* Vega gives it a role and a label, which say less. */}
          <div ref={place} aria-hidden />
        </div>
      </div>
    </>
  );
}

const refused = (uri: unknown) => Promise.reject(new Error(`${String(uri)} is not asked for: a chart asks nobody`));
const LOADER: Loader = { load: refused, sanitize: refused, http: refused, file: refused };

function options(mode: "vega" | "vega-lite", onError: (message: string) => void): EmbedOptions {
  return {
    mode,
    ast: true,
    actions: false,
    defaultStyle: false,
    renderer: "svg",
    loader: LOADER,
    logger: logger(onError),
    tooltip,
    config: config(),
  };
}

/** Errors are told; warnings, of which every older specification has some, are not. */
function logger(onError: (message: string) => void): LoggerInterface {
  const itself: LoggerInterface = {
    level: (level?: number) => (level === undefined ? 1 : itself),
    error: (...parts: readonly unknown[]) => {
      onError(parts.map((part) => (part instanceof Error ? part.message : String(part))).join(" "));
      return itself;
    },
    warn: () => itself,
    info: () => itself,
    debug: () => itself,
  };
  return itself;
}

/** Beside the pointer, as text; that of the library would bring a style of its own. */
const tooltip: TooltipHandler = (_, event, _item, value: unknown) => {
  document.querySelector(".vega-tip")?.remove();
  if (value === null || value === undefined || value === "" || !(event instanceof MouseEvent)) return;
  const box = document.createElement("div");
  box.className = "tip vega-tip";
  const lines: [string, unknown][] = typeof value === "object" ? Object.entries(value) : [["", value]];
  for (const [name, one] of lines) {
    const line = document.createElement("div");
    line.textContent = name === "" ? String(one) : `${name}: ${String(one)}`;
    box.append(line);
  }
  document.body.append(box);
  box.style.left = `${Math.min(event.clientX + 12, innerWidth - box.offsetWidth - 8)}px`;
  box.style.top = `${Math.min(event.clientY + 12, innerHeight - box.offsetHeight - 8)}px`;
};

/** The page's colours, where a specification says none. */
function config(): NonNullable<EmbedOptions["config"]> {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  const [text, soft, line] = [of("--text"), of("--text-soft"), of("--line")];
  const font = "system-ui, sans-serif";
  return {
    background: "transparent",
    font,
    axis: {
      labelColor: soft,
      titleColor: soft,
      gridColor: line,
      domainColor: line,
      tickColor: line,
      labelFont: font,
      titleFont: font,
    },
    legend: { labelColor: soft, titleColor: soft, labelFont: font, titleFont: font },
    title: { color: text, font, subtitleColor: soft },
    header: { labelColor: soft, titleColor: soft },
    view: { stroke: line },
    mark: { color: of("--accent") },
    text: { color: text },
  };
}
