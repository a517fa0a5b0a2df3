import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "tap";
import type { CertsInstallation, StoredSecret } from "./certs-process.ts";
import { mountedSecret } from "./mounted-secret.ts";

/** How a Secret is followed. */
export interface MountOptions {
  /** Milliseconds from a change to the files: kubelets take up to a minute or more. */
  readonly delay?: number;
  /** Hears of each version. */
  readonly onChange?: (secret: StoredSecret) => void;
}

/** Mounts a Secret for the rest of the test, which may not be there yet, and follows it as kubelet does; the folder. */
export function mountSecret(
  t: Test,
  { secret }: CertsInstallation,
  namespace: string,
  name: string,
  { delay = 0, onChange = () => undefined }: MountOptions = {},
): string {
  const mount = mountedSecret();
  const stopped = new AbortController();
  const follow = async () => {
    let held = "";
    while (!stopped.signal.aborted) {
      const found = await secret(namespace, name);
      if (found !== undefined && found.resourceVersion !== held) {
        onChange(found);
        await sleep(delay);
        mount.swap(Object.fromEntries(found.data));
      }
      held = found?.resourceVersion ?? "";
      await sleep(200);
    }
  };
  const following = follow();
  t.teardown(async () => {
    stopped.abort();
    await following;
    mount.remove();
  });
  return mount.folder;
}
