/** How people look at a project, kept by the server for all who may see it. */
import { queryOptions } from "@tanstack/react-query";
import { ask } from "./http";
import { member, rows, text } from "./read";

export type ViewPage = "workspace" | "table";

export interface View {
  id: string;
  name: string;
  page: ViewPage;
  /** What stands behind the `?` of that page's address. */
  content: string;
  author: string;
}

export interface NewView {
  /** The view that is replaced. */
  id?: string | undefined;
  name: string;
  page: ViewPage;
  content: string;
}

export const views = (project: string) =>
  queryOptions({
    queryKey: ["views", project],
    queryFn: async ({ signal }): Promise<View[]> => {
      const answer = await ask("/api/commands", { body: { command: "view_list", project }, signal });
      const found = rows(member(answer, "views")).map((row) => ({
        id: text(row.id),
        name: text(row.name),
        page: text(row.page) === "table" ? ("table" as const) : ("workspace" as const),
        content: text(row.content),
        author: text(row.author),
      }));
      return found.sort((one, other) => one.name.localeCompare(other.name));
    },
  });

export async function saveView(project: string, { id, ...view }: NewView): Promise<void> {
  await ask("/api/commands", { body: { command: "view_save", project, ...view, ...(id === undefined ? {} : { id }) } });
}

export async function removeView(project: string, id: string): Promise<void> {
  await ask("/api/commands", { body: { command: "view_remove", project, id } });
}
