/** Text that people wrote, in Markdown. HTML in it stays text; pictures come from nowhere else than this server. */
import { lazy, Suspense } from "react";

const Markdown = lazy(() => import("../../../components/Markdown"));

export function Written({ text, height }: { text: string; height: number }) {
  if (text.trim() === "") return <div className="panel-empty">Edit this panel to write in it</div>;
  return (
    <div className="written" tabIndex={0} role="region" aria-label="Text" style={{ height }}>
      <Suspense fallback={<div className="skeleton" style={{ height }} />}>
        <Markdown text={text} />
      </Suspense>
    </div>
  );
}
