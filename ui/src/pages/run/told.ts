/** An event as a sentence. */
import type { Json } from "../../api/http";
import { member, number, rows, text, texts } from "../../api/read";
import type { LoggedEvent } from "../../api/run";
import { counted } from "../../model/format";

export function told({ kind, body }: Pick<LoggedEvent, "kind" | "body">): string {
  switch (kind) {
    case "RunCreated":
      return "The run began";
    case "StateChanged":
      return `${text(member(body, "from"))} → ${text(member(body, "to"))}: ${text(member(body, "evidence"))}`;
    case "StopRequested":
      return "A stop was asked for";
    case "RunDeleted":
      return "Deleted";
    case "RunUndeleted":
      return "Brought back";
    case "RunChanged":
      return `Changed ${listed(Object.keys(body !== null && typeof body === "object" && !Array.isArray(body) ? body : {}))}`;
    case "ConfigChanged":
      return `Config: ${listed(paths(body))}`;
    case "SummaryChanged":
      return `Summary: ${listed(paths(body))}`;
    case "FilePut":
      return `Stored ${text(member(body, "name"))}`;
    case "FileDeleted":
      return `Deleted ${text(member(body, "name"))}`;
    case "Logged":
      return `Logged ${counted(number(member(body, "rows")), "row")}`;
    case "SystemSampled":
      return `Measured the machine ${counted(number(member(body, "rows")), "time")}`;
    case "ConsoleWritten":
      return `Printed ${counted(number(member(body, "lines")), "line")}`;
    default:
      return kind;
  }
}

function paths(body: Json): string[] {
  const list = (name: string) => {
    const found = member(body, name);
    return Array.isArray(found) ? found : [];
  };
  const set = rows(list("set")).map(({ path }) => path);
  return [...set, ...list("removed")].map((path) => texts(path).join("."));
}

/** The first names, and how many more there are. */
function listed(names: string[]): string {
  const shown = names.filter((name) => !name.startsWith("_wandb"));
  if (shown.length === 0) return "what the client keeps for itself";
  const rest = shown.length - 4;
  return rest > 0 ? `${shown.slice(0, 4).join(", ")} and ${rest} more` : shown.join(", ");
}
