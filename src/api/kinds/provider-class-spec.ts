import { Type } from "typebox";
import { objectName } from "../schema.ts";
import { statusConditions } from "./condition.ts";
import type { PrinterColumn } from "./kind-definition.ts";
import { ageColumn, readyColumn, statusColumn } from "./printer-columns.ts";

const host = "([a-z0-9]([-a-z0-9]*[a-z0-9])?\\.)*[a-z0-9]([-a-z0-9]*[a-z0-9])?";

/** A DNS name and a port, "vault.providers.svc:8080". */
export const address = (description: string) =>
  Type.String({ minLength: 3, maxLength: 260, pattern: `^${host}:[1-9][0-9]{0,4}$`, description });

/** `address` of both kinds of class. */
export const classAddress = address(
  "Where the provider listens: SERVICE.NAMESPACE.svc:PORT. Its certificate must be for that host.",
);

/** Certificates for the connection. `where` says in which namespace the Secret is. */
export const tls = (where: string) =>
  Type.Object(
    {
      secretRef: Type.Object(
        { name: objectName("Name of the Secret.") },
        { description: `Secret with ca.crt, tls.crt and tls.key, in ${where}.` },
      ),
    },
    { description: "What Outboard proves itself with to the provider, and the CA that vouches for the provider." },
  );

/** `status` of both kinds of class. */
export const classStatus = Type.Object({
  conditions: Type.Optional(statusConditions),
});

/** Printer columns of both kinds of class. */
export const classColumns: readonly PrinterColumn[] = [
  { name: "Address", type: "string", jsonPath: ".spec.address" },
  readyColumn,
  statusColumn,
  ageColumn,
];
