import { UsageError } from "../../process/settings.ts";
import { addressText, parseAddress } from "./address.ts";

/** Parses `--allow-address NAME:PORT`: addresses that are no Service's and that objects may name. Throws UsageError. */
export function parseAddresses(entries: readonly string[]): ReadonlySet<string> {
  return new Set(
    entries.map((entry) => {
      const address = parseAddress(entry);
      if (address !== undefined) return addressText(address);
      throw new UsageError(`--allow-address ${JSON.stringify(entry)} must be NAME:PORT, say vault.example.com:8443`);
    }),
  );
}
