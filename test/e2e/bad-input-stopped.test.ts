import { test } from "tap";
import { externalSecret, notFetched, reads, ready, scripted, store, watchScenarios } from "./bad-input.ts";
import { plantSecret, until } from "./outboard.ts";
import { providerOf } from "./proc.ts";

test("a provider whose process is stopped is not waited for longer than a call may take, and is used again once it goes on", (t) => {
  const manifests = [
    store("stopped", scripted({ good: plantSecret() })),
    externalSecret("stopped", { ...reads("good"), refreshInterval: "1s" }),
  ];
  return watchScenarios(t, [{ name: "stopped", manifests, says: [ready("stopped", "bad")] }], {
    during: async ({ outboard }) => {
      const stopped = providerOf(outboard.process.pid, "scripted");
      process.kill(stopped, "SIGSTOP");
      await outboard.said(
        notFetched(
          "stopped",
          "good",
          String.raw`provider chef at scripted\.outboard-local\.svc did not answer in time`,
          "DeadlineExceeded",
        ),
      );
      process.kill(stopped, "SIGCONT");
      const times = new RegExp(ready("stopped", "bad"), "gm");
      await until(
        () => [...outboard.stderr().matchAll(times)].length >= 2,
        () => `never Ready again:\n${outboard.stderr()}`,
      );
    },
  });
});
