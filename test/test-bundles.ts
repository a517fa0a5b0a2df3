import { join } from "node:path";

/** The checkout. */
export const root = join(import.meta.dirname, "..");

/** Bundles as users get them. */
export const dist = join(root, "dist");

/** The same and the scripted provider; scripts/test.mjs builds both. */
export const testBundles = join(root, ".outboard", "test-bundles");
