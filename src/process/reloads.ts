import type { Logger } from "./logs.ts";
import { Counter, type Registry } from "./metrics.ts";

/** Whose certificate it is: a provider's Service, or a client's ServiceAccount. */
export interface ReloadOwner {
  readonly namespace: string;
  readonly service: string;
}

/** Something that a process follows while it runs has changed. */
export type ReloadNews =
  /** What is there is in use; `replaced`: instead of something older. */
  | { readonly what: "taken"; readonly owner: ReloadOwner; readonly replaced: boolean }
  /** What is there cannot be used, or is out of its time; `owner` of what is in use, undefined: nothing is yet. */
  | { readonly what: "problem"; readonly problem: string; readonly owner: ReloadOwner | undefined }
  /** The problem is gone, and nothing else has changed. */
  | { readonly what: "mended" };

/** Tells of news; `from` says of what: a folder, a file, a Secret. */
export type Reloads = (from: string, news: ReloadNews) => void;

/** Reloads in the log and in metrics, whose names and labels are those of the External Secrets Operator's design. */
export function reloads(registry: Registry, logger: Logger): Reloads {
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ["namespace", "service"], registers: [registry] });
  const succeeded = counter(
    "eso_provider_certificate_hot_reload_total",
    "How often certificates took the place of others.",
  );
  const failed = counter(
    "eso_provider_certificate_hot_reload_failures_total",
    "How often certificates, or the list of clients beside them, changed and could not be used.",
  );
  return (from, news) => {
    switch (news.what) {
      case "taken":
        if (news.replaced) succeeded.inc({ ...news.owner });
        return logger.info({ from }, news.replaced ? "certificates were replaced" : "certificates are in use");
      case "mended":
        return logger.info({ from }, "what is there can be used again");
      case "problem": {
        const { problem, owner } = news;
        if (owner === undefined) return logger.info({ from, problem }, "waiting for what can be used");
        failed.inc({ ...owner });
        return logger.warn({ from, problem }, "what is there cannot be used");
      }
    }
  };
}
