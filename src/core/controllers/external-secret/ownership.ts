import { groupOf, type OwnerReference } from "../../../cluster/objects.ts";
import type { ExternalSecretObject } from "../../kinds.ts";

/** The target belongs to somebody else: nothing to do until something changes. `condition` is ESO's message. */
export class OwnershipError extends Error {
  readonly condition: string;

  constructor(condition: string, message: string) {
    super(message);
    this.name = "OwnershipError";
    this.condition = condition;
  }
}

/**
 * Owner references of a target that `owner` controls from now on. Owners are compared by group, kind and name, as ESO
 * does: an ExternalSecret that was deleted and made again takes its Secret back. Throws {@link OwnershipError}.
 */
export function withController(
  references: readonly OwnerReference[],
  owner: ExternalSecretObject,
  secret: string,
): readonly OwnerReference[] {
  const { apiVersion, kind, metadata } = owner;
  const own: OwnerReference = {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  const controller = references.find((reference) => reference.controller === true);
  if (controller !== undefined && !sameOwner(controller, own))
    throw takenBy(controller, own, `${metadata.namespace}/${secret}`);
  const index = references.findIndex((reference) => sameOwner(reference, own));
  return index < 0 ? [...references, own] : references.with(index, own);
}

function takenBy(controller: OwnerReference, own: OwnerReference, secret: string): OwnershipError {
  if (groupOf(controller.apiVersion) === groupOf(own.apiVersion) && controller.kind === own.kind) {
    const message = `secret is owned by another ExternalSecret: ${controller.name}`;
    return new OwnershipError("target is owned by another ExternalSecret", message);
  }
  return new OwnershipError(
    "failed to take ownership of target secret",
    `could not set controller reference on secret: Object ${secret} is already owned by another ${controller.kind} controller ${controller.name}`,
  );
}

function sameOwner(a: OwnerReference, b: OwnerReference): boolean {
  return groupOf(a.apiVersion) === groupOf(b.apiVersion) && a.kind === b.kind && a.name === b.name;
}
