/** Small things that many pages show. */
import type { ReactNode } from "react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { formatAgo, formatMoment } from "../model/format";

export function StateBadge({ state, reason }: { state: string; reason?: string | null }) {
  return (
    <span className={`badge ${state.toLowerCase()}`} title={reason ?? undefined}>
      {state}
    </span>
  );
}

export function Tags({ tags }: { tags: string[] }) {
  return (
    <span className="tags">
      {tags.map((tag) => (
        <span key={tag} className="tag cut">
          {tag}
        </span>
      ))}
    </span>
  );
}

const tickers = new Set<() => void>();
let clock = Date.now();
setInterval(() => {
  clock = Date.now();
  for (const tick of tickers) tick();
}, 5_000);

function subscribe(tick: () => void): () => void {
  tickers.add(tick);
  return () => tickers.delete(tick);
}

/** The time, every few seconds. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => clock);
}

/** A moment as the time since; the exact one on hover. */
export function Ago({ moment }: { moment: string | null }) {
  const now = useNow();
  if (moment === null || moment === "") return <span className="faint">–</span>;
  return (
    <time dateTime={moment} title={formatMoment(moment)}>
      {formatAgo(moment, Math.max(now, Date.parse(moment)))}
    </time>
  );
}

/** Copies a text, and says that it did. */
export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [isDone, setDone] = useState(false);
  useEffect(() => {
    if (!isDone) return;
    const timer = setTimeout(() => setDone(false), 1500);
    return () => clearTimeout(timer);
  }, [isDone]);
  return (
    <button
      type="button"
      className="button quiet small"
      onClick={() => void navigator.clipboard.writeText(text).then(() => setDone(true))}
    >
      {isDone ? "Copied" : label}
    </button>
  );
}

/** The lines to paste before a training. */
export function PasteLines() {
  const lines = `export WANDB_BASE_URL=${location.origin}\nexport WANDB_API_KEY=…   # the key that you signed in with\npython train.py`;
  return (
    <div style={{ position: "relative", alignSelf: "stretch" }}>
      <pre className="code" tabIndex={0} aria-label="Lines to paste">
        {lines}
      </pre>
      <div style={{ position: "absolute", top: 6, right: 6 }}>
        <Copy text={lines} />
      </div>
    </div>
  );
}

/** A name and what it stands for, in a list of facts. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
