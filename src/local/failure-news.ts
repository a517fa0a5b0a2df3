import type { PendingItem } from "../core/core.ts";
import { rowId } from "./board.ts";
import type { Row } from "./board.ts";
import { failure } from "./report.ts";

/** What failed, as whole texts ({@link failure}), each told once until it changes. */
export class FailureNews {
  readonly #told = new Map<string, string>();

  /** Texts about what failed since the last call, or fails for another reason than then. */
  next(rows: readonly Row[], pending: readonly PendingItem[]): readonly string[] {
    const items = new Map(pending.map((item) => [rowId(item), item]));
    return rows.flatMap((row) => {
      const id = rowId(row);
      if (row.state !== "failed") {
        this.#told.delete(id);
        return [];
      }
      const item = items.get(id);
      // Its event may be newer than its error now.
      if (item?.active) return [];
      const text = failure(row, item?.error?.code);
      if (this.#told.get(id) === text) return [];
      this.#told.set(id, text);
      return [text];
    });
  }
}
