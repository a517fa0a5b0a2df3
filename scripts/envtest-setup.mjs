// Prints the folder with the Kubernetes control plane for the tests: the one that KUBEBUILDER_ASSETS names, else one in
// the cache folder, built with Go from test/envtest; what is there already is kept. With --find it builds nothing.
// Exit 3: there is none, and stderr says what to install.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildBinaries, cacheFolder, found, goCommand, isExecutable, leave } from "./go-binary.mjs";

/** As in test/envtest/go.mod. */
const version = "1.36.0";

/** What no cluster can do without; KUBEBUILDER_ASSETS has just these. */
const needed = ["kube-apiserver", "etcd", "kubectl"];

const packages = new Map([
  ["etcd", "go.etcd.io/etcd/server/v3"],
  ["kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"],
  ["kubectl", "k8s.io/kubernetes/cmd/kubectl"],
  ["kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"],
]);

const named = process.env.KUBEBUILDER_ASSETS;
if (named) {
  const missing = needed.find((name) => !isExecutable(join(named, name)));
  if (missing) leave(`KUBEBUILDER_ASSETS names ${named}, which has no executable ${missing}`);
  found(named);
}
const folder = join(cacheFolder("envtest"), version);
const binaries = Array.from(packages, ([name, path]) => ({
  path: join(folder, name),
  package: path,
  ldflags: flags(),
}));
const find = process.argv.includes("--find");
const go = goCommand();
const wanted = find || go === undefined ? needed.map((name) => join(folder, name)) : binaries.map(({ path }) => path);
if (wanted.every(isExecutable)) found(folder);
if (go === undefined) {
  leave(
    "no Kubernetes API server for the tests: install Go 1.26 or later, or let KUBEBUILDER_ASSETS name a folder with " +
      "kube-apiserver, etcd and kubectl",
  );
}
if (find) leave("no Kubernetes API server for the tests yet: run `npm run envtest:setup` (it builds one with Go)");
await buildBinaries({
  go,
  module: join(dirname(dirname(fileURLToPath(import.meta.url))), "test", "envtest"),
  folder,
  binaries,
  announcement: "building a Kubernetes control plane for the tests; this takes six minutes once",
});
found(folder);

/** Without its version kubectl cannot compare it with the server's. */
function flags() {
  const [major, minor] = version.split(".");
  const variables = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor };
  const set = Object.entries(variables).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return ["-s", "-w", ...set].join(" ");
}
