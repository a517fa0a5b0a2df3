import { externalSecret } from "../api/kinds/external-secret.ts";
import { errorTable } from "../api/errors.ts";
import type { PendingItem } from "../core/core.ts";
import { rowId } from "./board.ts";
import type { Row } from "./board.ts";

/** So often has to fail what may mend itself, before --once gives up on it. */
const patience = 3;

/** Says when nothing is worth waiting for any more. Keeps what it saw between calls. */
export class Settling {
  /** Stores by what they were at the last look. */
  readonly #stores = new Map<string, Row["state"]>();
  /** Failures of ExternalSecrets from before a store of theirs was mended: those do not count. */
  readonly #forgiven = new Map<string, number>();

  /** Whether each row is Ready, or has failed and is not worth waiting for. */
  settled(rows: readonly Row[], pending: readonly PendingItem[]): boolean {
    const items = new Map(pending.map((item) => [rowId(item), item]));
    this.#forgive(rows, items);
    return rows.every((row) => row.state === "ready" || this.#isLost(row, items.get(rowId(row))));
  }

  /** When a failed store becomes Ready, what had failed through it is about to be tried again. */
  #forgive(rows: readonly Row[], items: ReadonlyMap<string, PendingItem>): void {
    let mended = false;
    for (const row of rows) {
      if (row.kind === externalSecret.kind) continue;
      mended ||= row.state === "ready" && this.#stores.get(rowId(row)) === "failed";
      this.#stores.set(rowId(row), row.state);
    }
    if (!mended) return;
    for (const [id, item] of items) this.#forgiven.set(id, item.failures);
  }

  #isLost(row: Row, item: PendingItem | undefined): boolean {
    // Nothing will look at it again: another controller's, or waiting for a change.
    if (item === undefined) return true;
    if (item.active || row.state === "unknown" || item.error === undefined) return false;
    // Stuck: only a change of the object helps.
    if (item.dueAt === undefined) return true;
    const tries = errorTable[item.error.code].retry === "backoff" ? 1 : patience;
    return item.failures - (this.#forgiven.get(rowId(row)) ?? 0) >= tries;
  }
}
