/** What a page says where it has nothing to show: what is missing, and what to do. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ApiError } from "../api/http";

/** `isPage` where it stands for the whole page, whose heading it then is. */
export function Empty({ title, isPage = false, children }: { title: string; isPage?: boolean; children?: ReactNode }) {
  return (
    <section className="empty">
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </section>
  );
}

export function NotFound() {
  return (
    <Empty isPage title="There is no such page">
      <p>The address may be cut off, or what it named was renamed or deleted.</p>
      <Link to="/" className="button">
        All projects
      </Link>
    </Empty>
  );
}

const TITLES: Record<ApiError["kind"], string> = {
  signed_out: "You are signed out",
  forbidden: "This is not yours to see",
  not_found: "This is not here",
  invalid: "This cannot be answered",
  busy: "The server is busy",
  damaged: "A part of this is damaged",
  unreachable: "The server cannot be reached",
  internal: "The server failed",
};

const NEXT: Partial<Record<ApiError["kind"], string>> = {
  damaged: "Whoever runs the server can list the damage with: wbq verify",
  unreachable: "Is wbq serve running? This page goes on by itself once it answers.",
  busy: "It is asked again by itself.",
  internal: "Its log says why.",
};

/** An error where a page or a part of it would stand. */
export function Trouble({ error, again }: { error: unknown; again?: (() => void) | undefined }) {
  const told = error instanceof ApiError ? error : null;
  const next = told?.hint ?? (told === null ? null : (NEXT[told.kind] ?? null));
  return (
    <div role="alert">
      <Empty isPage title={told === null ? "This page failed" : TITLES[told.kind]}>
        <p>{error instanceof Error ? error.message : String(error)}</p>
        {next !== null && <p className="faint">{next}</p>}
        {again !== undefined && (
          <button type="button" className="button" onClick={again}>
            Try again
          </button>
        )}
      </Empty>
    </div>
  );
}

export function Broken({ error, reset }: { error: unknown; reset?: () => void }) {
  return <Trouble error={error} again={reset} />;
}

/** An error in one line, where the rest of the page stands. */
export function Told({ error }: { error: unknown }) {
  const hint = error instanceof ApiError ? error.hint : null;
  return (
    <div className="told bad" role="alert">
      {error instanceof Error ? error.message : String(error)}
      {hint !== null && `; ${hint}`}
    </div>
  );
}

/** Grey bars of the shape of what comes. */
export function Waiting({ lines, height = 14 }: { lines: number; height?: number }) {
  return (
    <div role="status" aria-label="Loading" style={{ display: "grid", gap: 10, padding: 14 }}>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} className="skeleton" style={{ height, width: `${92 - ((line * 17) % 40)}%` }} />
      ))}
    </div>
  );
}
