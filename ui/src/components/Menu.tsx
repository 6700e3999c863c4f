/** A menu behind a button. */
import * as Dropdown from "@radix-ui/react-dropdown-menu";
import type { ReactNode } from "react";
import { useState } from "react";

export type MenuItem =
  { label: string; note?: ReactNode; isDangerous?: boolean; isDisabled?: boolean; onSelect: () => void } | "line";

interface MenuProps {
  /** What the button is called where its face is a sign. */
  label: string;
  trigger: ReactNode;
  className: string;
  items: MenuItem[];
  /** Only a click opens it, so that what it stands in can be dragged. */
  opensOnClick?: boolean;
}

export function Menu({ label, trigger, className, items, opensOnClick = false }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    // A modal menu would lock scrolling by a style that the page's policy refuses.
    <Dropdown.Root modal={false} open={isOpen} onOpenChange={setOpen}>
      <Dropdown.Trigger
        className={className}
        aria-label={label}
        title={label}
        onClick={() => opensOnClick && setOpen(true)}
      >
        {trigger}
      </Dropdown.Trigger>
      <Dropdown.Portal>
        <Dropdown.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          {items.map((item, index) =>
            item === "line" ? (
              <Dropdown.Separator key={index} className="menu-line" />
            ) : (
              <Dropdown.Item
                key={item.label}
                className={item.isDangerous ? "menu-item danger" : "menu-item"}
                disabled={item.isDisabled ?? false}
                onSelect={item.onSelect}
              >
                <span>{item.label}</span>
                {item.note !== undefined && item.note !== "" && <span className="faint">{item.note}</span>}
              </Dropdown.Item>
            ),
          )}
        </Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}
