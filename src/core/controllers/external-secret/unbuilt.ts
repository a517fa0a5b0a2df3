import type { ExternalSecretDataFrom, ExternalSecretSpec } from "../../../api/kinds/external-secret.ts";

/** The first field of ESO's that is set and that is not built yet, or undefined. */
export function unbuiltField(spec: ExternalSecretSpec): string | undefined {
  const target = spec.target ?? {};
  const template = target.template ?? {};
  const fields: readonly (readonly [string, boolean])[] = [
    ["spec.syncWindows", spec.syncWindows !== undefined],
    ["spec.target.manifest", target.manifest !== undefined],
    ["spec.target.immutable", target.immutable === true],
    [
      `spec.target.creationPolicy: ${target.creationPolicy}`,
      !["Owner", "None"].includes(target.creationPolicy ?? "Owner"),
    ],
    [`spec.target.deletionPolicy: ${target.deletionPolicy}`, (target.deletionPolicy ?? "Retain") !== "Retain"],
    ["spec.target.template.data", Object.keys(template.data ?? {}).length > 0],
    ["spec.target.template.templateFrom", (template.templateFrom ?? []).length > 0],
    ...templated("spec.target.template.metadata.labels", template.metadata?.labels),
    ...templated("spec.target.template.metadata.annotations", template.metadata?.annotations),
    ...(spec.dataFrom ?? []).flatMap(unbuiltInDataFrom),
  ];
  return fields.find(([, set]) => set)?.[0];
}

function templated(
  path: string,
  values: Readonly<Record<string, string>> = {},
): readonly (readonly [string, boolean])[] {
  return Object.entries(values).map(([key, value]) => [`${path}[${key}] with a template`, value.includes("{{")]);
}

function unbuiltInDataFrom(entry: ExternalSecretDataFrom, index: number): readonly (readonly [string, boolean])[] {
  const path = `spec.dataFrom[${index}]`;
  // ESO looks at the generator only where there is neither find nor extract.
  const generates = entry.sourceRef?.generatorRef !== undefined && !entry.find && !entry.extract;
  return [
    [`${path}.rewrite`, (entry.rewrite ?? []).length > 0],
    [`${path}.sourceRef.generatorRef`, generates],
  ];
}
