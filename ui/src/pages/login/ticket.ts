/** What stands behind the `#` of the address that `wbq open` makes: a ticket, and the page that is meant. */

export function ticketIn(hash: string): { ticket: string; page: string } | null {
  const told = new URLSearchParams(hash.replace(/^#/, ""));
  const ticket = told.get("ticket");
  return ticket === null || ticket === "" ? null : { ticket, page: pageBehind(told.get("to")) };
}

/** A page of this app and of nobody else: what leads out of it is the first page. */
export function pageBehind(to: string | null | undefined): string {
  if (to === null || to === undefined || !to.startsWith("/")) return "/";
  const url = new URL(to, "http://here.invalid");
  return url.host === "here.invalid" && url.pathname !== "/login" ? url.pathname + url.search : "/";
}
