import { providerConfigMark, providerLabel } from "../../api/provider-labels.ts";
import { externalSecret } from "../../api/kinds/external-secret.ts";
import { ClusterError } from "../../cluster/cluster.ts";
import { connect } from "../../cluster/kubernetes/connect.ts";
import { readEvents } from "../../cluster/kubernetes/read-events.ts";
import { createSnapshot } from "../../cluster/kubernetes/snapshot.ts";
import { systemNamespace } from "../../cluster/kubernetes/system-namespace.ts";
import { classKinds, storeKinds } from "../kinds.ts";
import { explain } from "./explain.ts";
import type { ExplainSettings } from "./settings.ts";
import { stepsText } from "./steps.ts";
import packageJson from "../../../package.json" with { type: "json" };

/** `outboard explain externalsecret NAME`: prints the way of it. Returns the exit code: 1 when it stops somewhere. */
export async function runExplain(
  name: string,
  settings: ExplainSettings,
  io: { readonly stdout: NodeJS.WritableStream; readonly signal: AbortSignal; readonly now: () => number },
): Promise<number> {
  const { namespace, kubeconfig } = settings;
  const { stdout, signal, now } = io;
  const userAgent = `outboard-explain/${packageJson.version}`;
  const transport = await connect({ userAgent, ...(kubeconfig !== undefined && { kubeconfig }) });
  try {
    const snapshot = createSnapshot({
      transport,
      kinds: [externalSecret, ...storeKinds, ...classKinds],
      serviceLabel: providerLabel,
      followedLabel: providerConfigMark,
    });
    const system = await systemNamespace(settings.systemNamespace);
    const steps = await explain(
      { namespace, name },
      {
        snapshot,
        systemNamespace: system,
        warning: async (object) => {
          const events = await readEvents(transport, object, signal).catch(() => []);
          return events.findLast(({ type }) => type === "Warning")?.message;
        },
        now,
        signal,
      },
    );
    stdout.write(stepsText(`ExternalSecret ${namespace}/${name}`, steps));
    return steps.some(({ state }) => state === "stops") ? 1 : 0;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    stdout.write(`the API server cannot be asked: ${error.message}\n`);
    return 1;
  } finally {
    await transport.close();
  }
}
