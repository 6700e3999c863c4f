/**
 * The rows of a table that is far longer and wider than the screen, read by pages of rows and blocks of columns.
 *
 * What holds: all that is shown stands at one position of the log. When another table is opened (a filter, a sort, new
 * events) the old one stays until what the screen wants of the new one is there, so nothing jumps.
 */
import type { Page } from "../api/runs";
import type { Row } from "../api/read";

export const PAGE_ROWS = 100;

/** Reads rows from `offset` on; `lsn` is null for the newest position. */
export type Source = (
  columns: string[],
  offset: number,
  limit: number,
  lsn: number | null,
  signal: AbortSignal,
) => Promise<Page>;

/** What the screen shows: pages by number, and the columns in blocks. */
export interface Wanted {
  pages: number[];
  blocks: string[][];
}

interface Table {
  /** Tells tables of one source from those of another. */
  source: Source;
  head: Page | null;
  parts: Map<string, Row[]>;
  asked: Set<string>;
  abort: AbortController;
}

export class PagedRows {
  private shown: Table | null = null;
  private next: Table | null = null;
  private wanted: Wanted = { pages: [0], blocks: [] };
  private failed: unknown = null;
  private changes = 0;
  /** Rows as they were put together, so that a row that did not change is the same value. */
  private readonly whole = new Map<number, Row | undefined>();
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Differs whenever something changed. */
  readonly version = (): number => this.changes;

  /** Opens a table at the newest position, or at one that is given. */
  open(source: Source, lsn: number | null = null): void {
    this.next?.abort.abort();
    const table: Table = { source, head: null, parts: new Map(), asked: new Set(), abort: new AbortController() };
    this.next = table;
    this.failed = null;
    const block = this.wanted.blocks[0] ?? ["name"];
    const page = this.wanted.pages[0] ?? 0;
    table.asked.add(key(page, block));
    this.read(table, page, block, lsn)
      .then((head) => {
        table.head = head;
        table.parts.set(key(page, block), head.rows);
        this.fetch(table);
        this.settle();
      })
      .catch((error: unknown) => this.fail(table, error));
    this.changed();
  }

  close(): void {
    this.next?.abort.abort();
    this.shown?.abort.abort();
  }

  want(wanted: Wanted): void {
    this.wanted = wanted;
    this.whole.clear();
    for (const table of [this.shown, this.next]) if (table?.head != null) this.fetch(table);
    this.settle();
  }

  get head(): Page | null {
    return this.shown?.head ?? null;
  }

  get error(): unknown {
    return this.failed;
  }

  /** Whether what is shown is of another filter, sort or grouping than what was opened. */
  get isOutdated(): boolean {
    return this.next !== null && this.shown !== null && this.next.source !== this.shown.source;
  }

  /** A row as far as it is there: the columns of the blocks that were read. */
  row(index: number): Row | undefined {
    if (this.whole.has(index)) return this.whole.get(index);
    const row = this.joined(index);
    this.whole.set(index, row);
    return row;
  }

  private joined(index: number): Row | undefined {
    const { shown } = this;
    if (shown === null) return undefined;
    const page = Math.floor(index / PAGE_ROWS);
    let row: Row | undefined;
    for (const block of this.wanted.blocks) {
      const part = shown.parts.get(key(page, block))?.[index % PAGE_ROWS];
      if (part !== undefined) row = row === undefined ? part : { ...row, ...part };
    }
    return row;
  }

  private fetch(table: Table): void {
    const lsn = table.head?.lsn ?? null;
    const pages = this.pagesOf(table);
    for (const page of pages) {
      for (const block of this.wanted.blocks) {
        const part = key(page, block);
        if (table.asked.has(part)) continue;
        table.asked.add(part);
        this.read(table, page, block, lsn)
          .then(({ rows }) => {
            table.parts.set(part, rows);
            this.settle();
          })
          .catch((error: unknown) => {
            table.asked.delete(part);
            this.fail(table, error);
          });
      }
    }
  }

  private read(table: Table, page: number, block: string[], lsn: number | null): Promise<Page> {
    return table.source(block, page * PAGE_ROWS, PAGE_ROWS, lsn, table.abort.signal);
  }

  private pagesOf(table: Table): number[] {
    const last = Math.max(0, Math.ceil((table.head?.total ?? 0) / PAGE_ROWS) - 1);
    return this.wanted.pages.filter((page) => page <= last);
  }

  /** Shows the table that was opened, once all is there that the screen wants of it. */
  private settle(): void {
    const { next } = this;
    if (next?.head != null) {
      const parts = this.pagesOf(next).flatMap((page) => this.wanted.blocks.map((block) => key(page, block)));
      if (parts.every((part) => next.parts.has(part)) || this.shown === null) {
        this.shown = next;
        this.next = null;
      }
    }
    this.changed();
  }

  private fail(table: Table, error: unknown): void {
    if (table.abort.signal.aborted) return;
    this.failed = error;
    if (this.next === table) this.next = null;
    this.changed();
  }

  private changed(): void {
    this.changes += 1;
    this.whole.clear();
    for (const listener of this.listeners) listener();
  }
}

function key(page: number, block: string[]): string {
  return `${page}\n${block.join("\n")}`;
}

/** Columns in blocks of so many: what is asked for together. */
export function blocksOf(columns: string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(columns.length / size) }, (_, block) =>
    columns.slice(block * size, (block + 1) * size),
  );
}
