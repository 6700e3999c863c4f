/** A field of the editor: it shows a part of a panel, and changes it. */
import type { ReactNode } from "react";
import type { Panel } from "../../../model/panel";
import type { Scene } from "../scene";

export interface FieldProps {
  panel: Panel;
  scene: Scene;
  onPanel: (changed: Partial<Panel>) => void;
}

export type Field = (props: FieldProps) => ReactNode;

/** What stands where a panel leaves it to the bar over all of them. */
export const AS_WORKSPACE = "As the workspace";

export const orNone = (value: string) => (value === "" ? undefined : value);
