/** Panels in sections that open and close; what is closed asks for nothing. */
import type { DragEvent, ReactNode } from "react";
import { useState } from "react";

/** Sections that stand open at first, and panels of one that are there at first. */
const OPEN = 6;
const PANELS = 60;

interface SectionsProps<Item> {
  sections: { name: string; items: Item[] }[];
  panel: (item: Item, section: string) => ReactNode;
  /** Something is dropped on the head of a section. */
  onDrop?: (event: DragEvent, section: string) => void;
}

export function Sections<Item>({ sections, ...props }: SectionsProps<Item>) {
  return sections.map((section, index) => (
    <OneSection key={section.name} section={section} isFirst={index < OPEN} {...props} />
  ));
}

function OneSection<Item>({
  section: { name, items },
  isFirst,
  panel,
  onDrop,
}: Omit<SectionsProps<Item>, "sections"> & { section: { name: string; items: Item[] }; isFirst: boolean }) {
  const [isOpen, setOpen] = useState(isFirst);
  const [shown, setShown] = useState(PANELS);
  return (
    <details className="section" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary
        onDragOver={(event) => onDrop !== undefined && event.preventDefault()}
        onDrop={(event) => onDrop?.(event, name)}
      >
        <h2>{name}</h2> <span className="faint number">{items.length}</span>
      </summary>
      {isOpen && (
        <>
          <div className="panels">{items.slice(0, shown).map((item) => panel(item, name))}</div>
          {items.length > shown && (
            <p style={{ padding: "0 14px 14px" }}>
              <button type="button" className="button" onClick={() => setShown(shown + PANELS)}>
                {items.length - shown} more panels
              </button>
            </p>
          )}
        </>
      )}
    </details>
  );
}
