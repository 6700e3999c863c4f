/** A small window behind a button: it opens beside it and closes by Escape or a click elsewhere. */
import * as Popover from "@radix-ui/react-popover";
import type { ReactNode } from "react";

interface PopupProps {
  /** What the window is called. */
  label: string;
  trigger: ReactNode;
  triggerClass?: string;
  /** What the button is called where its face is a sign. */
  triggerLabel?: string;
  className: string;
  align?: "start" | "end";
  isDisabled?: boolean;
  isOpen?: boolean;
  onOpenChange?: (isOpen: boolean) => void;
  children: ReactNode;
}

export function Popup({
  label,
  trigger,
  triggerClass = "button",
  triggerLabel,
  className,
  align = "start",
  isDisabled = false,
  isOpen,
  onOpenChange,
  children,
}: PopupProps) {
  return (
    <Popover.Root
      {...(isOpen === undefined ? {} : { open: isOpen })}
      {...(onOpenChange === undefined ? {} : { onOpenChange })}
    >
      <Popover.Trigger className={triggerClass} disabled={isDisabled} aria-label={triggerLabel} title={triggerLabel}>
        {trigger}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={`popover ${className}`}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          aria-label={label}
        >
          {children}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
