/** Panels in sections that open and close; what is closed asks for nothing. */
import type { ReactNode } from "react";
import { useState } from "react";
import type { Section } from "../model/sections";

/** Sections that stand open at first, and panels of one that are there at first. */
const OPEN = 6;
const PANELS = 60;

export function Sections({ sections, panel }: { sections: Section[]; panel: (key: string) => ReactNode }) {
  return sections.map((section, index) => (
    <OneSection key={section.name} section={section} isFirst={index < OPEN} panel={panel} />
  ));
}

function OneSection({
  section: { name, keys },
  isFirst,
  panel,
}: {
  section: Section;
  isFirst: boolean;
  panel: (key: string) => ReactNode;
}) {
  const [isOpen, setOpen] = useState(isFirst);
  const [shown, setShown] = useState(PANELS);
  return (
    <details className="section" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>{name}</h2> <span className="faint number">{keys.length}</span>
      </summary>
      {isOpen && (
        <>
          <div className="panels">{keys.slice(0, shown).map(panel)}</div>
          {keys.length > shown && (
            <p style={{ padding: "0 14px 14px" }}>
              <button type="button" className="button" onClick={() => setShown(shown + PANELS)}>
                {keys.length - shown} more panels
              </button>
            </p>
          )}
        </>
      )}
    </details>
  );
}
