import { isDeepStrictEqual } from "node:util";
import { test } from "tap";
import { loadSchemas } from "../src/local/cluster/schemas.ts";
import { mutationsOf } from "./crds/mutations.ts";
import { outcomeOf } from "./crds/outcome.ts";
import { badRows, goodRows } from "./crds/table.ts";

const schemas = await loadSchemas("deploy/crds");

for (const [kind, { schema }] of schemas) {
  const good = goodRows.filter(({ kinds }) => kinds.some((name) => name === kind));
  const bad = badRows.filter(({ kinds }) => kinds.some((name) => name === kind));

  test(`the table says what our own validation makes of each ${kind}`, (t) => {
    for (const { name, written, stored } of good)
      t.strictSame(outcomeOf(schema, written), { stored, breaks: [] }, name);
    for (const { name, written, breaks } of bad)
      t.strictSame(outcomeOf(schema, written).breaks, breaks.toSorted(), name);
    t.end();
  });

  test(`each constraint on a ${kind} that is dropped from its schema fails a row of the table`, (t) => {
    const unnoticed = Array.from(mutationsOf(schema))
      .filter(
        ({ schema: mutated }) =>
          good.every(({ written, stored }) => isDeepStrictEqual(outcomeOf(mutated, written), { stored, breaks: [] })) &&
          bad.every(({ written, breaks }) => isDeepStrictEqual(outcomeOf(mutated, written).breaks, breaks.toSorted())),
      )
      .map(({ lost }) => lost);
    t.strictSame(unnoticed, []);
    t.end();
  });
}
